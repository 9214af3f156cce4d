-- One row per recommendation of the visitor.
DELETE FROM fact_recommendation WHERE coalesce(user_hash, visitor) = %(visitor)s
