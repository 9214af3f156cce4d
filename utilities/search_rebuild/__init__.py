"""Rebuilding a feed's indices in Elasticsearch from MongoDB, behind the alias that searches ask."""
