-- One row per product of which a page that told of it is gone: name and category path, which that page may have said
-- alone, are chosen anew by the next statement. Of a product that a catalogue names the path alone is of pages.
UPDATE dim_product AS known
SET product_name = CASE WHEN catalogued_at IS NOT NULL THEN product_name END,
    language = CASE WHEN catalogued_at IS NOT NULL THEN language END,
    category_path = NULL
WHERE product_key IN (SELECT product_key FROM staging.touched_product)
  AND product_key > 0
  AND (category_path IS NOT NULL OR (catalogued_at IS NULL AND product_name IS NOT NULL))
  AND NOT EXISTS (
      SELECT FROM etl.product_page AS page
      WHERE page.product_key = known.product_key
      HAVING (known.catalogued_at IS NOT NULL OR bool_or(page.product_name = known.product_name))
         AND coalesce(bool_or(page.category_path = known.category_path), known.category_path IS NULL)
  )
