-- One row per product of the run that dim_product lacks, in the order of product_id.
INSERT INTO dim_product (product_id, created_date)
SELECT staged.product_id, min(staged.first_date)
FROM staging.product AS staged
WHERE NOT EXISTS (SELECT FROM dim_product AS known WHERE known.product_id = staged.product_id)
GROUP BY staged.product_id
ORDER BY staged.product_id
