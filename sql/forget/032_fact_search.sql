-- One row per search of the visitor.
DELETE FROM fact_search WHERE coalesce(user_hash, visitor) = %(visitor)s
