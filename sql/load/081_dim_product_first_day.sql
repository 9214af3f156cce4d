-- One row per product whose first day may have been that of an event which is taken out: the first that an event tells.
-- A day that retention has removed stays.
WITH touched AS (
    SELECT DISTINCT product_key, to_char(created_date, 'YYYYMMDD')::integer AS date_key
    FROM staging.touched_product
    JOIN dim_product USING (product_key)
    -- A day of UTC is at most one from that of the zone.
    WHERE created_date IN (
        SELECT (event_time AT TIME ZONE 'UTC')::date + apart
        FROM staging.removed_event CROSS JOIN generate_series(-1, 1) AS apart
    )
      AND to_char(created_date, 'YYYYMMDD')::integer >= etl.facts_kept_from()
), told AS (
    SELECT product_key, min(event.date_key) AS date_key
    FROM (
        SELECT product_key, date_key FROM fact_event
        UNION ALL
        SELECT product_key, date_key FROM etl.sent_order_line
        UNION ALL
        SELECT recommended_product_key, date_key FROM fact_recommendation
    ) AS event
    JOIN touched USING (product_key)
    WHERE event.date_key >= (SELECT min(date_key) FROM touched)
    GROUP BY product_key
)
UPDATE dim_product AS product
SET created_date = to_date(told.date_key::text, 'YYYYMMDD')
FROM touched
LEFT JOIN told USING (product_key)
WHERE product.product_key = touched.product_key
  AND product.created_date IS DISTINCT FROM to_date(told.date_key::text, 'YYYYMMDD')
