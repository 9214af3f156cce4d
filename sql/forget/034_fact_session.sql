-- One row per session of the visitor.
DELETE FROM fact_session WHERE visitor = %(visitor)s
