-- One row per product, language and name that its pages say; the most frequent of each language is preferred.
WITH said AS (
    SELECT product_key, language, product_name,
           row_number() OVER (
               PARTITION BY product_key, language ORDER BY sum(views) DESC, product_name COLLATE "C"
           ) = 1 AS is_preferred
    FROM etl.product_page
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
    GROUP BY product_key, language, product_name
), unsaid AS (
    DELETE FROM dim_product_name AS known
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
      AND NOT EXISTS (
          SELECT FROM said
          WHERE (said.product_key, said.language, said.product_name)
              = (known.product_key, known.language, known.product_name)
      )
)
INSERT INTO dim_product_name AS known (product_key, language, product_name, is_preferred)
SELECT product_key, language, product_name, is_preferred FROM said
ON CONFLICT (product_key, language, product_name) DO UPDATE
SET is_preferred = excluded.is_preferred
WHERE known.is_preferred <> excluded.is_preferred
