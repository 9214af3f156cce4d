-- One row per cart event of the visitor.
DELETE FROM fact_cart_event WHERE coalesce(user_hash, visitor) = %(visitor)s
