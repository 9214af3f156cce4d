-- One row per product that events of an archived file tell of.
INSERT INTO staging.touched_product (product_key)
SELECT DISTINCT product_key FROM unnest(%(products)s::bigint[]) AS seen (product_key)
