"""Data quality on demand: the checks of sql/quality, as a table, JSON or a page."""
