-- One row per recommendation of the visitor.
DELETE FROM fact_recommendation WHERE visitor = %(visitor)s
