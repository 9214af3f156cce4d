-- One row per event of a touched visitor, new or known: the session that it belongs to, and the session's person.
-- Silence (spark/load.py) ends a session, 24 hours since its chain began cut it, and another user begins another.
-- Every window has the order of the first, so the events are sorted once. Events of one second follow each other as on
-- the bus. Of a session that began before retention's first kept day the earlier events are in etl.carried_event. Of a
-- chain that began before what is read (sql/load/044) the first event goes on with it, where silence has not ended it.
INSERT INTO staging.session_event (
    event_id, date_key, visitor, session_id, person, chain_started_at, is_first, is_last, is_new, is_moved, is_renamed
)
WITH event AS (
    SELECT event.event_id, event.date_key, event.event_time, event.bus_partition, event.bus_offset, event.visitor,
           event.user_hash, NULL::uuid AS known_session, NULL::uuid AS known_person,
           touched.chain_started_at AS known_chain, true AS is_new
    FROM staging.event AS event
    LEFT JOIN staging.touched_visitor AS touched
        ON touched.visitor = event.visitor AND touched.chain_until >= event.event_time
    WHERE event.visitor IS NOT NULL
    UNION ALL
    SELECT event.event_id, event.date_key, event.event_time, event.bus_partition, event.bus_offset, event.visitor,
           event.user_hash, event.session_id, event.person,
           CASE WHEN event.event_time <= touched.chain_until THEN touched.chain_started_at END, false
    FROM staging.touched_visitor AS touched
    JOIN fact_event AS event
        ON event.visitor = touched.visitor
        AND event.event_time >= touched.from_time
        -- The visitor's own first day leaves out months of a lookup, the first of all those of a join by hash.
        AND event.date_key >= touched.from_key
        AND event.date_key >= (SELECT min(from_key) FROM staging.touched_visitor)
    UNION ALL
    SELECT event.event_id, event.date_key, event.event_time, event.bus_partition, event.bus_offset, event.visitor,
           event.user_hash, event.session_id, event.person,
           CASE
               WHEN touched.chain_until IS NULL THEN event.chain_started_at
               WHEN event.event_time <= touched.chain_until THEN touched.chain_started_at
           END, false
    FROM staging.touched_visitor AS touched
    JOIN etl.carried_event AS event ON event.visitor = touched.visitor AND event.event_time >= touched.from_time
    WHERE event.session_id IS NOT NULL
),
placed AS (
    SELECT *, lag(event_time) OVER visit AS earlier_time, row_number() OVER visit AS place
    FROM event
    WINDOW visit AS (PARTITION BY visitor ORDER BY event_time, bus_partition, bus_offset)
),
chained AS (
    SELECT *, max(CASE WHEN place = 1 THEN coalesce(known_chain, event_time) ELSE event_time END) FILTER (
        WHERE earlier_time IS NULL OR event_time - earlier_time > %(session_silence)s
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
    -- The last user before, if there was one in the same stretch.
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
SELECT event_id, date_key, visitor, session_id, person, chain_started_at, is_first, is_last, is_new,
       NOT is_new AND (session_id, person) IS DISTINCT FROM (known_session, known_person),
       NOT is_new AND person IS DISTINCT FROM known_person
FROM numbered
JOIN visit USING (visitor, started_at, user_number)
