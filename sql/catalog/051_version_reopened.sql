-- One row per version that a corrected one had ended.
UPDATE dim_product_version AS version
SET valid_to = 'infinity'
FROM staging.catalog_product AS staged
WHERE version.product_key = staged.product_key
  AND version.valid_to = %(valid_from)s
  AND NOT EXISTS (
      SELECT FROM dim_product_version AS newest
      WHERE newest.product_key = version.product_key AND newest.valid_to = 'infinity'
  )
