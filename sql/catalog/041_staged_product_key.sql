-- One row per product of the catalogue: its surrogate key.
UPDATE staging.catalog_product AS staged
SET product_key = product.product_key
FROM dim_product AS product
WHERE product.product_id = staged.product_id
