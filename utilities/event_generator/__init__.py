"""A seeded stand-in for the shop's clickstream: the same seed and arguments give the same bytes."""
