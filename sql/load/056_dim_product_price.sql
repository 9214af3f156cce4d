-- One row per product, store and price that new views showed: when it was first and last seen. XXX is no currency.
INSERT INTO dim_product_price AS known (product_key, country_key, price, currency, valid_from, valid_to)
SELECT product_key, country_key, price, coalesce(currency, 'XXX'), min(event_time), max(event_time)
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
  AND price IS NOT NULL
GROUP BY product_key, country_key, price, coalesce(currency, 'XXX')
ON CONFLICT (product_key, country_key, price, currency) DO UPDATE
SET valid_from = least(known.valid_from, excluded.valid_from),
    valid_to = greatest(known.valid_to, excluded.valid_to)
WHERE excluded.valid_from < known.valid_from OR excluded.valid_to > known.valid_to
