-- One row per event of a touched order that belongs to another order now: an order is what one device or person (also by
-- way of others) tells of one order id and store, each event within 24 hours of one of the same device or person.
-- Who is one buyer is told by such chains of events alone: what comes later, or of others, changes no closed order.
WITH RECURSIVE told AS (
    SELECT event.event_id, event.date_key, event.order_id, event.country_key, event.event_time, event.bus_topic,
           event.bus_partition, event.bus_offset,
           coalesce(event.person::text, 'device ' || event.device_key) AS person,
           coalesce(nullif(event.device_key, -1)::text, event.visitor::text, '') AS device
    FROM etl.known_events() AS event
    JOIN staging.touched_order AS touched USING (order_key)
    WHERE event.order_id IS NOT NULL
),
of_person AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER acts > interval '24 hours', true) AS begins_person
    FROM told
    WINDOW acts AS (PARTITION BY order_id, country_key, person ORDER BY event_time)
),
person_chained AS (
    SELECT *, person || ' ' || extract(epoch FROM max(event_time) FILTER (WHERE begins_person) OVER (
        PARTITION BY order_id, country_key, person ORDER BY event_time
    )) AS person_chain
    FROM of_person
),
of_device AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER acts > interval '24 hours', true) AS begins_device
    FROM person_chained
    WINDOW acts AS (PARTITION BY order_id, country_key, device ORDER BY event_time)
),
chained AS (
    SELECT event_id, date_key, order_id, country_key, event_time, bus_topic, bus_partition, bus_offset, person_chain,
           device || ' ' || extract(epoch FROM max(event_time) FILTER (WHERE begins_device) OVER (
               PARTITION BY order_id, country_key, device ORDER BY event_time
           )) AS device_chain
    FROM of_device
),
-- One row per event and round: what is linked by device, by person or by the rounds before takes the least chain of
-- them, until nothing of its order id moves. However many links there are, and whatever the hashes, a buyer has one chain.
linked AS (
    SELECT *, person_chain AS buyer, true AS is_moving FROM chained
    UNION ALL
    SELECT event_id, date_key, order_id, country_key, event_time, bus_topic, bus_partition, bus_offset, person_chain,
           device_chain, by_buyer, bool_or(by_buyer <> buyer) OVER (PARTITION BY order_id, country_key)
    FROM (
        SELECT *, min(by_person) OVER (PARTITION BY order_id, country_key, buyer) AS by_buyer
        FROM (
            SELECT *, min(by_device) OVER (PARTITION BY order_id, country_key, person_chain) AS by_person
            FROM (
                SELECT *, min(buyer) OVER (PARTITION BY order_id, country_key, device_chain) AS by_device
                FROM linked
                WHERE is_moving
            ) AS of_device_chain
        ) AS of_person_chain
    ) AS of_buyer
),
named AS (
    SELECT event_id, date_key, first_value(event_id) OVER (
        PARTITION BY order_id, country_key, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS order_key
    FROM linked
    WHERE NOT is_moving
),
renamed AS (
    UPDATE fact_event AS event
    SET order_key = named.order_key
    FROM named
    WHERE event.event_id = named.event_id AND event.date_key = named.date_key
      AND event.order_key IS DISTINCT FROM named.order_key
    RETURNING event.order_key
),
carried AS (
    UPDATE etl.carried_event AS event
    SET order_key = named.order_key
    FROM named
    WHERE event.event_id = named.event_id AND event.order_key IS DISTINCT FROM named.order_key
    RETURNING event.order_key
)
INSERT INTO staging.touched_order (order_key)
(SELECT order_key FROM renamed UNION SELECT order_key FROM carried)
EXCEPT
SELECT order_key FROM staging.touched_order
