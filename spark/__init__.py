"""Batch ETL from the raw store to the star schema, and the streaming job: session, schemas, transforms, enrichment."""
