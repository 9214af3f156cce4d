-- One row per name of a product that none of its pages says any more.
DELETE FROM dim_product_name AS known
WHERE product_key IN (SELECT product_key FROM staging.touched_product)
  AND NOT EXISTS (
      SELECT FROM etl.product_page AS page
      WHERE (page.product_key, page.language, page.product_name)
          = (known.product_key, known.language, known.product_name)
  )
