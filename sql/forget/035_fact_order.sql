-- One row per order of the visitor, with its lines.
DELETE FROM fact_order WHERE coalesce(user_hash, visitor) = %(visitor)s
