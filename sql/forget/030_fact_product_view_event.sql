-- One row per product view of the visitor.
DELETE FROM fact_product_view_event WHERE visitor = %(visitor)s
