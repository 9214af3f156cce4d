-- One row per product that no catalogue names and whose newest price in its preferred store is another now, or gone with
-- the views that showed it. Of prices of one removed day, which have no time within it, that of the product stays.
WITH shown AS (
    SELECT DISTINCT ON (product_key) product_key, country_key, known.price, known.currency
    FROM dim_product_price AS known
    JOIN dim_store AS store USING (country_key)
    JOIN dim_product AS product USING (product_key)
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
    ORDER BY product_key, array_position(%(stores)s::text[], store.store_id) NULLS LAST,
             length(store.store_id), store.store_id COLLATE "C", valid_to DESC,
             (valid_to < (
                 SELECT to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD')::timestamp AT TIME ZONE %(time_zone)s
             ) AND known.price = product.price AND known.currency = coalesce(product.currency, 'XXX')) IS TRUE DESC,
             valid_from DESC, known.price, known.currency
), priced AS (
    SELECT touched.product_key, shown.price, nullif(shown.currency, 'XXX') AS currency,
           coalesce(shown.country_key, -1) AS country_key
    FROM (SELECT DISTINCT product_key FROM staging.touched_product) AS touched
    LEFT JOIN shown USING (product_key)
    WHERE shown.product_key IS NOT NULL OR EXISTS (SELECT FROM staging.removed_event)
)
UPDATE dim_product AS product
SET price = priced.price,
    currency = priced.currency,
    price_country_key = priced.country_key
FROM priced
WHERE product.product_key = priced.product_key
  AND product.product_key > 0
  AND product.catalogued_at IS NULL
  AND (product.price, product.currency, product.price_country_key)
      IS DISTINCT FROM (priced.price, priced.currency, priced.country_key)
