"""Anomalies of the live windows: what is usual, what is not, and since when."""
