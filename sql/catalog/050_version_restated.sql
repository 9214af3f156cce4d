-- One row per version that began with an earlier load of the same time and that this load corrects: it was never so.
DELETE FROM dim_product_version AS version
USING staging.catalog_product AS staged
WHERE version.product_key = staged.product_key
  AND version.valid_to = 'infinity'
  AND version.catalogued_at = %(valid_from)s
  AND (version.product_name, version.category, version.price, version.currency, version.is_active)
      IS DISTINCT FROM (staged.product_name, staged.category, staged.price, staged.currency, staged.is_active)
