"""Reconciliation: independent counts of every stage, and the identities that must hold between them."""
