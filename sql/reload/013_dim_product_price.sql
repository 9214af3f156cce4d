-- One row per product, store and price that views which are taken out showed: when others first and last showed it. What
-- no kept view tells, that of removed months or of views from before prices were kept, stays. A full refresh leaves none.
WITH shown AS (
    -- In one pass, joined with what is analyzed alone: of prices that are gone the planner would expect next to none.
    SELECT view.product_key, view.country_key, view.price, coalesce(view.currency, 'XXX') AS currency,
           min(view.event_time) FILTER (WHERE removed.event_id IS NOT NULL) AS gone_from,
           max(view.event_time) FILTER (WHERE removed.event_id IS NOT NULL) AS gone_to,
           min(view.event_time) FILTER (WHERE removed.event_id IS NULL) AS kept_from,
           max(view.event_time) FILTER (WHERE removed.event_id IS NULL) AS kept_to
    FROM fact_product_view_event AS view
    LEFT JOIN staging.removed_event AS removed USING (event_id)
    WHERE view.price IS NOT NULL
      AND view.product_key IN (SELECT product_key FROM staging.touched_product)
      AND %(mode)s <> 'full refresh'
    GROUP BY 1, 2, 3, 4
    HAVING count(removed.event_id) > 0
), told AS (
    SELECT product_key, country_key, price, currency,
           least(kept_from, CASE WHEN valid_from < gone_from THEN valid_from END) AS valid_from,
           greatest(kept_to, CASE WHEN valid_to > gone_to THEN valid_to
                                  WHEN valid_from < gone_from THEN valid_from END) AS valid_to
    FROM dim_product_price
    JOIN shown USING (product_key, country_key, price, currency)
), left_over AS (
    UPDATE dim_product_price AS known
    SET valid_from = coalesce(told.valid_from, told.valid_to), valid_to = told.valid_to
    FROM told
    WHERE (known.product_key, known.country_key, known.price, known.currency)
        = (told.product_key, told.country_key, told.price, told.currency)
      AND told.valid_to IS NOT NULL
)
DELETE FROM dim_product_price AS known
WHERE %(mode)s = 'full refresh'
   OR (product_key, country_key, price, currency) IN (
       SELECT product_key, country_key, price, currency FROM told WHERE valid_to IS NULL
   )
