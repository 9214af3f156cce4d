-- One row per order that an event of the run tells of, described by the earliest of all its events.
INSERT INTO fact_order (
    order_key, order_id, event_id, event_time, date_key, country_key, referrer_key, device_key, visitor, is_bot, events,
    lines, items
)
SELECT DISTINCT ON (order_key)
       order_key, order_id, event_id, event_time, date_key, country_key, referrer_key, device_key, visitor, is_bot,
       count(*) OVER (PARTITION BY order_key), 0, 0
FROM fact_event
JOIN (
    SELECT order_key FROM staging.resolved_event WHERE order_key IS NOT NULL
    UNION
    SELECT order_key FROM staging.removed_event WHERE order_key IS NOT NULL
) AS touched USING (order_key)
ORDER BY order_key, event_time, event_id
ON CONFLICT (order_key) DO UPDATE
SET event_id = excluded.event_id,
    event_time = excluded.event_time,
    date_key = excluded.date_key,
    country_key = excluded.country_key,
    referrer_key = excluded.referrer_key,
    device_key = excluded.device_key,
    is_bot = excluded.is_bot,
    events = excluded.events
