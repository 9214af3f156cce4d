"""The serving layer: the ingest API."""
