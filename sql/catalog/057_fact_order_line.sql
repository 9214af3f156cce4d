-- One row per line of an order of the catalogue's products that the open version holds for now, and another one did.
UPDATE fact_order_line AS line
SET product_version_key = version.product_version_key
FROM fact_order AS purchase, staging.catalog_product AS staged
JOIN dim_product_version AS version ON version.product_key = staged.product_key AND version.valid_to = 'infinity'
WHERE purchase.order_key = line.order_key
  AND line.product_key = version.product_key
  AND purchase.event_time >= version.valid_from
  AND purchase.date_key >= %(from_key)s
  -- Retention leaves the day alone of an order's time.
  AND (purchase.date_key >= etl.facts_kept_from() OR purchase.visitor IS NOT NULL)
  AND line.product_version_key <> version.product_version_key
