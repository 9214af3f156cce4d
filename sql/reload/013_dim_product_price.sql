-- One row per product, store and price that views which are taken out showed: when others first and last showed it. What
-- no kept view tells, that of removed months or of views without a price (all before prices were kept), stays: until the
-- latest of them, which may have shown it. A full refresh leaves none.
WITH taken_out AS (
    SELECT min(event_time) AS first_time, max(event_time) AS last_time,
           (to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD') - 1)::timestamp AT TIME ZONE %(time_zone)s
               AS last_removed_day
    FROM staging.removed_event
), seen AS (
    -- In one pass, joined with what is analyzed alone: of prices that are gone the planner would expect next to none.
    SELECT view.product_key, view.country_key, view.price, coalesce(view.currency, 'XXX') AS currency,
           min(view.event_time) FILTER (WHERE removed.event_id IS NOT NULL) AS gone_from,
           max(view.event_time) FILTER (WHERE removed.event_id IS NOT NULL) AS gone_to,
           min(view.event_time) FILTER (
               WHERE removed.event_id IS NULL AND (view.price IS NOT NULL OR view.event_time >= first_time)
           ) AS kept_from,
           max(view.event_time) FILTER (
               WHERE removed.event_id IS NULL AND (view.price IS NOT NULL OR view.event_time <= last_time)
           ) AS kept_to
    FROM fact_product_view_event AS view
    LEFT JOIN staging.removed_event AS removed USING (event_id)
    CROSS JOIN taken_out
    WHERE view.product_key IN (SELECT product_key FROM staging.touched_product)
      AND %(mode)s <> 'full refresh'
    GROUP BY 1, 2, 3, 4
), untold AS (
    SELECT product_key, country_key, min(kept_from) AS untold_from, max(kept_to) AS untold_to
    FROM seen
    WHERE price IS NULL
    GROUP BY product_key, country_key
), told AS (
    SELECT product_key, country_key, known.price, known.currency,
           CASE WHEN valid_from < gone_from THEN valid_from
                WHEN valid_to > greatest(gone_to, kept_to)
                THEN least(kept_from, valid_to, greatest(valid_from, coalesce(untold_from, valid_to)))
                ELSE kept_from END AS valid_from,
           CASE WHEN valid_to > gone_to THEN valid_to
                WHEN valid_from < least(gone_from, kept_from)
                THEN greatest(kept_to, valid_from, least(valid_to, coalesce(untold_to, valid_from)),
                              CASE WHEN valid_from < last_removed_day THEN last_removed_day END)
                ELSE kept_to END AS valid_to
    FROM dim_product_price AS known
    JOIN seen USING (product_key, country_key, price, currency)
    LEFT JOIN untold USING (product_key, country_key)
    CROSS JOIN taken_out
    WHERE gone_from IS NOT NULL
), left_over AS (
    UPDATE dim_product_price AS known
    SET valid_from = told.valid_from, valid_to = told.valid_to
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
