-- One row per product that the run saw on an earlier day than any run before, or saw first of all though catalogued.
UPDATE dim_product AS product
SET created_date = earliest.first_date
FROM (SELECT product_id, min(first_date) AS first_date FROM staging.product GROUP BY product_id) AS earliest
WHERE product.product_id = earliest.product_id
  AND (product.created_date IS NULL OR product.created_date > earliest.first_date)
