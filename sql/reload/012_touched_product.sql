-- One row per product of the days that are loaded again.
INSERT INTO staging.touched_product (product_key)
SELECT DISTINCT product_key FROM fact_event WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
