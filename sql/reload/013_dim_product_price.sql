-- One row per product, store and price that views which are taken out showed: when others first and last showed it. What
-- no kept view tells, that of removed months or of views from before prices were kept, stays. A full refresh leaves none.
WITH gone AS (
    SELECT view.product_key, view.country_key, price, coalesce(currency, 'XXX') AS currency,
           min(event_time) AS first_time, max(event_time) AS last_time
    FROM staging.removed_event
    JOIN fact_product_view_event AS view USING (event_id, event_time)
    WHERE price IS NOT NULL
    GROUP BY 1, 2, 3, 4
), kept AS (
    SELECT gone.product_key, gone.country_key, gone.price, gone.currency,
           min(view.event_time) AS first_time, max(view.event_time) AS last_time
    FROM gone
    JOIN fact_product_view_event AS view
        ON view.product_key = gone.product_key AND view.country_key = gone.country_key AND view.price = gone.price
        AND coalesce(view.currency, 'XXX') = gone.currency
    WHERE NOT EXISTS (SELECT FROM staging.removed_event AS removed WHERE removed.event_id = view.event_id)
    GROUP BY 1, 2, 3, 4
), shown AS (
    SELECT known.product_key, known.country_key, known.price, known.currency,
           least(kept.first_time, CASE WHEN known.valid_from < gone.first_time THEN known.valid_from END) AS valid_from,
           greatest(kept.last_time, CASE WHEN known.valid_to > gone.last_time THEN known.valid_to
                                         WHEN known.valid_from < gone.first_time THEN known.valid_from END) AS valid_to
    FROM dim_product_price AS known
    JOIN gone USING (product_key, country_key, price, currency)
    LEFT JOIN kept USING (product_key, country_key, price, currency)
), left_over AS (
    UPDATE dim_product_price AS known
    SET valid_from = coalesce(shown.valid_from, shown.valid_to), valid_to = shown.valid_to
    FROM shown
    WHERE (known.product_key, known.country_key, known.price, known.currency)
        = (shown.product_key, shown.country_key, shown.price, shown.currency)
      AND shown.valid_to IS NOT NULL AND %(mode)s <> 'full refresh'
)
DELETE FROM dim_product_price AS known
WHERE %(mode)s = 'full refresh'
   OR (product_key, country_key, price, currency) IN (
       SELECT product_key, country_key, price, currency FROM shown WHERE valid_to IS NULL
   )
