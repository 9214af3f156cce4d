-- One row per product, store and price that a view which is taken out showed first or last: when others did. What no kept
-- view tells, that of removed months or of views from before prices were kept, stays. A full refresh leaves none.
WITH gone AS (
    SELECT known.product_key, known.country_key, known.price, known.currency, known.valid_from, known.valid_to,
           min(view.event_time) AS first_time, max(view.event_time) AS last_time
    FROM staging.removed_event
    JOIN fact_product_view_event AS view USING (event_id, event_time)
    JOIN dim_product_price AS known
        ON known.product_key = view.product_key AND known.country_key = view.country_key
        AND known.price = view.price AND known.currency = coalesce(view.currency, 'XXX')
    WHERE %(mode)s <> 'full refresh'
    GROUP BY known.product_key, known.country_key, known.price, known.currency
    HAVING min(view.event_time) <= known.valid_from OR max(view.event_time) >= known.valid_to
), kept AS (
    SELECT gone.product_key, gone.country_key, gone.price, gone.currency,
           min(view.event_time) AS first_time, max(view.event_time) AS last_time
    FROM gone
    JOIN fact_product_view_event AS view
        ON view.product_key = gone.product_key AND view.country_key = gone.country_key
        AND view.price = gone.price AND coalesce(view.currency, 'XXX') = gone.currency
    WHERE NOT EXISTS (SELECT FROM staging.removed_event AS removed WHERE removed.event_id = view.event_id)
    GROUP BY gone.product_key, gone.country_key, gone.price, gone.currency
), shown AS (
    SELECT product_key, country_key, price, currency,
           least(kept.first_time, CASE WHEN valid_from < gone.first_time THEN valid_from END) AS valid_from,
           greatest(kept.last_time, CASE WHEN valid_to > gone.last_time THEN valid_to
                                         WHEN valid_from < gone.first_time THEN valid_from END) AS valid_to
    FROM gone
    LEFT JOIN kept USING (product_key, country_key, price, currency)
), left_over AS (
    UPDATE dim_product_price AS known
    SET valid_from = coalesce(shown.valid_from, shown.valid_to), valid_to = shown.valid_to
    FROM shown
    WHERE (known.product_key, known.country_key, known.price, known.currency)
        = (shown.product_key, shown.country_key, shown.price, shown.currency)
      AND shown.valid_to IS NOT NULL
)
DELETE FROM dim_product_price AS known
WHERE %(mode)s = 'full refresh'
   OR (product_key, country_key, price, currency) IN (
       SELECT product_key, country_key, price, currency FROM shown WHERE valid_to IS NULL
   )
