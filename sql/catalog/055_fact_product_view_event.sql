-- One row per product view of the catalogue's products that the open version holds for now, and another one did.
UPDATE fact_product_view_event AS fact
SET product_version_key = version.product_version_key
FROM staging.catalog_product AS staged
JOIN dim_product_version AS version ON version.product_key = staged.product_key AND version.valid_to = 'infinity'
WHERE fact.product_key = version.product_key
  AND fact.event_time >= version.valid_from
  AND fact.date_key >= %(from_key)s
  AND fact.product_version_key <> version.product_version_key
