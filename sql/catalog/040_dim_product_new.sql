-- One row per product of the catalogue that dim_product lacks, in the order of product_id.
INSERT INTO dim_product (product_id)
SELECT staged.product_id
FROM staging.catalog_product AS staged
WHERE NOT EXISTS (SELECT FROM dim_product AS known WHERE known.product_id = staged.product_id)
ORDER BY staged.product_id
