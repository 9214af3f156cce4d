-- One row per product that no catalogue names, of which a page that told of it is gone: name and category path, which that
-- page may have said alone, are chosen anew by the next statement.
UPDATE dim_product AS known
SET product_name = NULL, language = NULL, category_path = NULL
WHERE product_key IN (SELECT product_key FROM staging.touched_product)
  AND catalogued_at IS NULL AND product_key > 0
  AND (product_name IS NOT NULL OR category_path IS NOT NULL)
  AND NOT EXISTS (
      SELECT FROM etl.product_page AS page
      WHERE page.product_key = known.product_key
      HAVING bool_or(page.product_name = known.product_name)
         AND coalesce(bool_or(page.category_path = known.category_path), known.category_path IS NULL)
  )
