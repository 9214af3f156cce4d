-- One row per product that an event which is taken out tells of.
WITH taken_out AS (
    -- A day of any zone is at most one from that of UTC.
    SELECT to_char(min(event_time) - interval '2 days', 'YYYYMMDD')::integer AS from_key,
           to_char(max(event_time) + interval '2 days', 'YYYYMMDD')::integer AS to_key
    FROM staging.removed_event
)
INSERT INTO staging.touched_product (product_key)
SELECT product_key
FROM staging.removed_event
JOIN fact_event USING (event_id, event_time)
WHERE date_key BETWEEN (SELECT from_key FROM taken_out) AND (SELECT to_key FROM taken_out)
UNION
SELECT product_key FROM staging.removed_event JOIN etl.sent_order_line USING (event_id)
UNION
SELECT recommended_product_key
FROM staging.removed_event
JOIN fact_recommendation USING (event_id, event_time)
WHERE date_key BETWEEN (SELECT from_key FROM taken_out) AND (SELECT to_key FROM taken_out)
