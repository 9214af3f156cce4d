"""Lineage: the way of one event through every store, from the source's offset to the daily row."""
