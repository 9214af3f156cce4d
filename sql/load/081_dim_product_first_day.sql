-- One row per product whose first day may have been that of an event which is taken out: the first that an event tells.
-- A day that retention has removed stays.
WITH taken_out AS (
    SELECT to_char(min(event_time) - interval '2 days', 'YYYYMMDD')::integer AS from_key FROM staging.removed_event
), told AS (
    SELECT product_key, min(date_key) AS date_key
    FROM (
        -- That no event tells of.
        SELECT product_key, NULL::integer AS date_key FROM staging.touched_product
        UNION ALL
        SELECT product_key, date_key FROM fact_event WHERE date_key >= (SELECT from_key FROM taken_out)
        UNION ALL
        SELECT product_key, date_key FROM etl.sent_order_line
        UNION ALL
        SELECT recommended_product_key, date_key FROM fact_recommendation
        WHERE date_key >= (SELECT from_key FROM taken_out)
    ) AS event
    WHERE product_key IN (SELECT product_key FROM staging.touched_product)
      AND EXISTS (SELECT FROM staging.removed_event)
    GROUP BY product_key
)
UPDATE dim_product AS product
SET created_date = to_date(told.date_key::text, 'YYYYMMDD')
FROM told
WHERE product.product_key = told.product_key
  -- A day of UTC is at most one from that of the zone.
  AND product.created_date IN (
      SELECT (event_time AT TIME ZONE 'UTC')::date + apart
      FROM staging.removed_event
      CROSS JOIN generate_series(-1, 1) AS apart
  )
  AND to_char(product.created_date, 'YYYYMMDD')::integer >= etl.facts_kept_from()
  AND product.created_date IS DISTINCT FROM to_date(told.date_key::text, 'YYYYMMDD')
