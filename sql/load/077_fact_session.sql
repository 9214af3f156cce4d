-- One row per session of a touched visitor: silence (spark/load.py) ends it, and 24 hours since its chain began cut it.
-- Events of one second follow each other as on the bus.
WITH event AS (
    SELECT event.visitor, event.event_time, event.bus_partition, event.bus_offset, event.country_key,
           event.referrer_key, event.device_key, event.page, event.date_key, event.product_key, event.is_bot, kind.step,
           event.event_time - lag(event.event_time) OVER visit > %(session_silence)s AS is_after_silence
    FROM staging.touched_visitor AS touched
    JOIN fact_event AS event
        ON event.visitor = touched.visitor
        AND event.event_time >= touched.from_time
        -- The visitor's own first day leaves out months of a lookup, the first of all those of a join by hash.
        AND event.date_key >= touched.from_key
        AND event.date_key >= (SELECT min(from_key) FROM staging.touched_visitor)
    JOIN dim_event_kind AS kind USING (kind_key)
    WINDOW visit AS (PARTITION BY event.visitor ORDER BY event.event_time, event.bus_partition, event.bus_offset)
),
chained AS (
    SELECT *, count(*) FILTER (WHERE is_after_silence) OVER (
        PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset
    ) AS chain
    FROM event
),
cut AS (
    SELECT *, min(event_time) OVER of_chain AS chain_started_at,
           floor(extract(epoch FROM event_time - min(event_time) OVER of_chain) / 86400) AS day_number
    FROM chained
    WINDOW of_chain AS (PARTITION BY visitor, chain)
)
INSERT INTO fact_session (
    session_id, visitor, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key, device_key,
    entry_page, exit_page, events, views, distinct_products, reached_cart, reached_checkout, reached_order, is_bot,
    chain_started_at
)
SELECT md5(visitor || to_char(min(event_time) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'))::uuid,
       visitor, min(event_time), max(event_time), extract(epoch FROM max(event_time) - min(event_time)),
       (array_agg(date_key ORDER BY event_time, bus_partition, bus_offset))[1],
       (array_agg(country_key ORDER BY event_time, bus_partition, bus_offset))[1],
       (array_agg(referrer_key ORDER BY event_time, bus_partition, bus_offset))[1],
       (array_agg(device_key ORDER BY event_time, bus_partition, bus_offset))[1],
       (array_agg(page ORDER BY event_time, bus_partition, bus_offset))[1],
       (array_agg(page ORDER BY event_time DESC, bus_partition DESC, bus_offset DESC))[1],
       count(*), count(*) FILTER (WHERE step = 'view'), count(DISTINCT product_key) FILTER (WHERE step = 'view'),
       bool_or(step = 'cart'), bool_or(step = 'checkout'), bool_or(step = 'order'), bool_or(is_bot), chain_started_at
FROM cut
GROUP BY visitor, chain_started_at, day_number
