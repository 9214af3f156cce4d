-- One row where a catalogue of a later time names products of this one: an example, and their number.
SELECT staged.product_id, newest.stated_at, count(*) OVER () AS products
FROM staging.catalog_product AS staged
JOIN dim_product AS product USING (product_id)
JOIN etl.catalog_product AS newest ON newest.product_key = product.product_key
WHERE newest.stated_at > %(valid_from)s
ORDER BY newest.stated_at DESC, staged.product_id
LIMIT 1
