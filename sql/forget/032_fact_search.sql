-- One row per search of the visitor.
DELETE FROM fact_search WHERE visitor = %(visitor)s
