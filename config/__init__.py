"""Typed settings, error types and the configuration files of every server."""
