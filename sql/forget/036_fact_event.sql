-- One row per event of the visitor.
DELETE FROM fact_event WHERE coalesce(user_hash, visitor) = %(visitor)s
