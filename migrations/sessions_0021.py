"""Sessions as revision 0021 makes them anew, upwards and downwards: what `sql/load` did when it was written.

Temporary tables: `device_visitor` (of the revision) has the hash of each device; `kept_session` the sessions that began
before the first kept fact, with their owner, the user else the device; `who` one row per kept event with a visitor, and
`visit_event` the session of each.
"""

KEPT_SESSION = """
CREATE TEMP TABLE kept_session AS
SELECT session_id, visitor AS owner, started_at, ended_at FROM fact_session WHERE date_key < etl.facts_kept_from()
"""
WHO_UP = """
CREATE TEMP TABLE who AS
SELECT event.event_id, event.date_key, event.event_time, event.bus_partition, event.bus_offset,
       coalesce(device.visitor, event.visitor) AS visitor,
       CASE WHEN event.visitor <> device.visitor THEN event.visitor END AS user_hash,
       event.visitor AS owner, kept.session_id AS kept_session_id
FROM fact_event AS event
LEFT JOIN device_visitor AS device USING (device_key)
LEFT JOIN kept_session AS kept
    ON kept.owner = event.visitor AND event.event_time BETWEEN kept.started_at AND kept.ended_at
WHERE event.visitor IS NOT NULL
"""
WHO_DOWN = """
CREATE TEMP TABLE who AS
SELECT event.event_id, event.date_key, event.event_time, event.bus_partition, event.bus_offset,
       coalesce(event.user_hash, event.visitor) AS visitor, NULL::uuid AS user_hash,
       coalesce(event.user_hash, event.visitor) AS owner, kept.session_id AS kept_session_id
FROM fact_event AS event
LEFT JOIN kept_session AS kept USING (session_id)
WHERE event.visitor IS NOT NULL
"""
VISIT_EVENT = """
CREATE TEMP TABLE visit_event AS
WITH placed AS (
    SELECT *, lag(event_time) OVER visit AS earlier_time, row_number() OVER visit AS place
    FROM who
    WHERE kept_session_id IS NULL
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
),
chained AS (
    SELECT *, max(event_time) FILTER (
        WHERE earlier_time IS NULL OR event_time - earlier_time > interval '30 minutes'
    ) OVER (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset) AS chain_started_at
    FROM placed
),
cut AS (
    SELECT *, floor(extract(epoch FROM event_time - chain_started_at) / 86400) AS day_number FROM chained
),
stretched AS (
    SELECT *,
           (lag(chain_started_at) OVER visit, lag(day_number) OVER visit)
               IS DISTINCT FROM (chain_started_at, day_number) AS begins_stretch,
           max(place) FILTER (WHERE user_hash IS NOT NULL) OVER (
               visit ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS place_of_user
    FROM cut
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
),
followed AS (
    SELECT *, coalesce(
        user_hash <> nth_value(user_hash, place_of_user::integer) OVER visit
        AND place_of_user >= max(place) FILTER (WHERE begins_stretch) OVER visit, false
    ) AS is_another_user
    FROM stretched
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
),
bounded AS (
    SELECT *, begins_stretch OR is_another_user AS is_first,
           lead(begins_stretch OR is_another_user, 1, true) OVER visit AS is_last,
           max(event_time) FILTER (WHERE begins_stretch OR is_another_user) OVER visit AS started_at,
           count(*) FILTER (WHERE is_another_user) OVER visit AS users_before
    FROM followed
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
),
numbered AS (
    SELECT *, users_before - max(users_before) FILTER (WHERE begins_stretch) OVER (
        PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset
    ) AS user_number
    FROM bounded
),
visit AS (
    SELECT visitor, started_at, user_number, coalesce(min(user_hash::text)::uuid, visitor) AS person,
           md5(concat(
               visitor, to_char(started_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), nullif(user_number, 0)
           ))::uuid AS session_id
    FROM numbered
    GROUP BY visitor, started_at, user_number
)
SELECT event_id, date_key, visitor, user_hash, session_id, person, chain_started_at, is_first, is_last, true AS is_anew
FROM numbered
JOIN visit USING (visitor, started_at, user_number)
UNION ALL
SELECT event_id, date_key, visitor, user_hash, kept_session_id, owner, NULL, NULL, NULL, false
FROM who
WHERE kept_session_id IS NOT NULL
"""
SESSIONS_REMOVED = "DELETE FROM fact_session WHERE date_key >= etl.facts_kept_from()"
SESSIONS = """
INSERT INTO fact_session (
    session_id, visitor, {person}started_at, ended_at, duration_seconds, date_key, country_key, referrer_key,
    device_key, entry_page, exit_page, events, views, distinct_products, reached_cart, reached_checkout,
    reached_order, is_bot, chain_started_at
)
SELECT part.session_id, part.visitor, {part_person}min(event.event_time), max(event.event_time),
       extract(epoch FROM max(event.event_time) - min(event.event_time)),
       min(event.date_key) FILTER (WHERE part.is_first),
       min(event.country_key) FILTER (WHERE part.is_first),
       min(event.referrer_key) FILTER (WHERE part.is_first),
       min(event.device_key) FILTER (WHERE part.is_first),
       min(event.page) FILTER (WHERE part.is_first),
       min(event.page) FILTER (WHERE part.is_last),
       count(*), count(*) FILTER (WHERE kind.step = 'view'),
       count(DISTINCT event.product_key) FILTER (WHERE kind.step = 'view'),
       bool_or(kind.step = 'cart'), bool_or(kind.step = 'checkout'), bool_or(kind.step = 'order'),
       bool_or(event.is_bot), part.chain_started_at
FROM visit_event AS part
JOIN fact_event AS event ON event.event_id = part.event_id AND event.date_key = part.date_key
JOIN dim_event_kind AS kind USING (kind_key)
WHERE part.is_anew
GROUP BY part.session_id, part.visitor, part.person, part.chain_started_at
"""
KEPT_SESSIONS_UP = """
UPDATE fact_session AS session SET visitor = device.visitor
FROM device_visitor AS device
WHERE device.device_key = session.device_key AND session.session_id IN (SELECT session_id FROM kept_session)
"""
