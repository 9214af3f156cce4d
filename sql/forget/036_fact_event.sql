-- One row per event of the visitor.
DELETE FROM fact_event WHERE visitor = %(visitor)s
