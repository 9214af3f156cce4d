-- One row per product, language and name that its pages say; the most frequent of each language is preferred.
INSERT INTO dim_product_name AS known (product_key, language, product_name, is_preferred)
SELECT product_key, language, product_name,
       row_number() OVER (
           PARTITION BY product_key, language ORDER BY sum(views) DESC, product_name COLLATE "C"
       ) = 1
FROM etl.product_page
WHERE product_key IN (SELECT product_key FROM staging.touched_product)
GROUP BY product_key, language, product_name
ON CONFLICT (product_key, language, product_name) DO UPDATE
SET is_preferred = excluded.is_preferred
WHERE known.is_preferred <> excluded.is_preferred
