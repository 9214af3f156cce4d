-- One row per product whose newest version describes it otherwise than dim_product did.
UPDATE dim_product AS product
SET product_name = version.product_name,
    language = NULL,
    category = version.category,
    category_group = %(category_groups)s::jsonb ->> version.category,
    price = version.price,
    currency = version.currency,
    price_country_key = CASE WHEN version.price IS NULL THEN -1 ELSE -2 END,
    is_active = version.is_active,
    catalogued_at = version.catalogued_at
FROM staging.catalog_product AS staged
JOIN dim_product_version AS version ON version.product_key = staged.product_key AND version.valid_to = 'infinity'
WHERE product.product_key = staged.product_key
  AND (product.product_name, product.category, product.category_group, product.price, product.currency,
       product.is_active, product.catalogued_at)
      IS DISTINCT FROM (version.product_name, version.category, %(category_groups)s::jsonb ->> version.category,
                        version.price, version.currency, version.is_active, version.catalogued_at)
