"""Alembic: every table, role and grant of the warehouse."""
