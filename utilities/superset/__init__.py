"""Superset, a BI server, on loopback against the warehouse: what `./millrace superset` does."""
