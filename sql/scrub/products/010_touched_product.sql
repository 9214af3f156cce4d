-- One row per product of which a name or a category path is stored that none of its pages says.
INSERT INTO staging.touched_product (product_key)
SELECT product_key
FROM dim_product_name AS known
WHERE NOT EXISTS (
    SELECT FROM etl.product_page AS page
    WHERE (page.product_key, page.language, page.product_name)
        = (known.product_key, known.language, known.product_name)
)
UNION
SELECT product_key
FROM dim_product AS known
WHERE product_key > 0
  AND (
      -- A catalogue has names of its own, and no paths.
      (catalogued_at IS NULL AND product_name IS NOT NULL AND NOT EXISTS (
          SELECT FROM etl.product_page AS page
          WHERE (page.product_key, page.product_name) = (known.product_key, known.product_name)
      ))
      OR (category_path IS NOT NULL AND NOT EXISTS (
          SELECT FROM etl.product_page AS page
          WHERE (page.product_key, page.category_path) = (known.product_key, known.category_path)
      ))
  )
