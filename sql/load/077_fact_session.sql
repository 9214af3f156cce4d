-- One row per session of a touched visitor: silence (spark/load.py) ends it, and 24 hours since its chain began cut it.
-- Every window has the order of the first, so the events are sorted once.
-- Events of one second follow each other as on the bus.
WITH event AS (
    SELECT event.visitor, event.event_time, event.bus_partition, event.bus_offset, event.country_key,
           event.referrer_key, event.device_key, event.user_agent_key, event.page, event.date_key, event.product_key, event.is_bot, kind.step,
           lag(event.event_time) OVER visit AS earlier_time
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
    SELECT *, max(event_time) FILTER (
        WHERE earlier_time IS NULL OR event_time - earlier_time > %(session_silence)s
    ) OVER (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset) AS chain_started_at
    FROM event
),
cut AS (
    SELECT *, floor(extract(epoch FROM event_time - chain_started_at) / 86400) AS day_number FROM chained
),
bounded AS (
    SELECT *,
           (lag(chain_started_at) OVER visit, lag(day_number) OVER visit)
               IS DISTINCT FROM (chain_started_at, day_number) AS is_first,
           (lead(chain_started_at) OVER visit, lead(day_number) OVER visit)
               IS DISTINCT FROM (chain_started_at, day_number) AS is_last
    FROM cut
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
)
INSERT INTO fact_session (
    session_id, visitor, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key, device_key,
    user_agent_key, entry_page, exit_page, events, views, distinct_products, reached_cart, reached_checkout, reached_order, is_bot,
    chain_started_at
)
SELECT md5(visitor || to_char(min(event_time) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'))::uuid,
       visitor, min(event_time), max(event_time), extract(epoch FROM max(event_time) - min(event_time)),
       min(date_key) FILTER (WHERE is_first),
       min(country_key) FILTER (WHERE is_first),
       min(referrer_key) FILTER (WHERE is_first),
       min(device_key) FILTER (WHERE is_first),
       min(user_agent_key) FILTER (WHERE is_first),
       min(page) FILTER (WHERE is_first),
       min(page) FILTER (WHERE is_last),
       count(*), count(*) FILTER (WHERE step = 'view'), count(DISTINCT product_key) FILTER (WHERE step = 'view'),
       bool_or(step = 'cart'), bool_or(step = 'checkout'), bool_or(step = 'order'), bool_or(is_bot), chain_started_at
FROM bounded
GROUP BY visitor, chain_started_at, day_number
