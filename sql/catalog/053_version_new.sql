-- One row per product without an open version; a product's first reaches back, for views before the first catalogue.
INSERT INTO dim_product_version (
    product_key, product_name, category, price, currency, is_active, valid_from, valid_to, catalogued_at, load_id
)
SELECT staged.product_key, staged.product_name, staged.category, staged.price, staged.currency, staged.is_active,
       CASE WHEN known.product_key IS NULL THEN '-infinity' ELSE %(valid_from)s::timestamptz END, 'infinity',
       %(valid_from)s, %(load_id)s
FROM staging.catalog_product AS staged
LEFT JOIN (SELECT product_key, max(valid_to) AS valid_to FROM dim_product_version GROUP BY product_key) AS known
    USING (product_key)
WHERE known.valid_to IS DISTINCT FROM 'infinity'
ORDER BY staged.product_key
