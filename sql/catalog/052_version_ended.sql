-- One row per version that the catalogue ends, since it says something else.
UPDATE dim_product_version AS version
SET valid_to = %(valid_from)s
FROM staging.catalog_product AS staged
WHERE version.product_key = staged.product_key
  AND version.valid_to = 'infinity'
  AND (version.product_name, version.category, version.price, version.currency, version.is_active)
      IS DISTINCT FROM (staged.product_name, staged.category, staged.price, staged.currency, staged.is_active)
