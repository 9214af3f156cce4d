-- One row per order that the run may change: those of its events and of events that moved to another session, and those
-- with an order id and a store of theirs.
WITH changed AS (
    SELECT order_id, country_key, order_key FROM staging.resolved_event WHERE order_key IS NOT NULL
    UNION
    SELECT order_id, country_key, order_key FROM staging.removed_event WHERE order_key IS NOT NULL
    UNION
    SELECT event.order_id, event.country_key, event.order_key
    FROM staging.session_event AS moved
    JOIN etl.known_events() AS event ON event.event_id = moved.event_id AND event.date_key = moved.date_key
    WHERE moved.is_moved AND event.order_key IS NOT NULL
)
INSERT INTO staging.touched_order (order_key)
SELECT order_key FROM changed
UNION
SELECT event.order_key
FROM etl.known_events() AS event
JOIN (SELECT DISTINCT order_id, country_key FROM changed) AS named USING (order_id, country_key)
WHERE event.order_key IS NOT NULL
