-- One row per product view of the visitor.
DELETE FROM fact_product_view_event WHERE coalesce(user_hash, visitor) = %(visitor)s
