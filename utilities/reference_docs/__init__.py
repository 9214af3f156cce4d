"""Pages of docs/ that are made from the system itself: data dictionary, entities, settings."""
