-- One row per product that no catalogue names and whose newest price in its preferred store is another now.
UPDATE dim_product AS product
SET price = shown.price,
    currency = nullif(shown.currency, 'XXX'),
    price_country_key = shown.country_key
FROM (
    SELECT DISTINCT ON (product_key) product_key, country_key, price, dim_product_price.currency
    FROM dim_product_price
    JOIN dim_store AS store USING (country_key)
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
    ORDER BY product_key, array_position(%(stores)s::text[], store.store_id) NULLS LAST,
             length(store.store_id), store.store_id COLLATE "C", valid_to DESC, valid_from DESC, price,
             dim_product_price.currency
) AS shown
WHERE product.product_key = shown.product_key
  AND product.catalogued_at IS NULL
  AND (product.price, product.currency, product.price_country_key)
      IS DISTINCT FROM (shown.price, nullif(shown.currency, 'XXX'), shown.country_key)
