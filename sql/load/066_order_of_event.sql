-- One row per event of a touched order that belongs to another order now: an order is what one device or person (also by
-- way of a third event) tells of one order id and store, each event within 24 hours of one of the same device or person.
-- Who is one buyer is told by such chains of events alone: what comes later, or of others, changes no closed order.
WITH told AS (
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
device_chained AS (
    SELECT *, max(event_time) FILTER (WHERE begins_device) OVER (
        PARTITION BY order_id, country_key, device ORDER BY event_time
    ) AS device_chain
    FROM of_device
),
by_device AS (
    SELECT *, min(person_chain) OVER (PARTITION BY order_id, country_key, device, device_chain) AS linked_by_device
    FROM device_chained
),
by_person AS (
    SELECT *, min(linked_by_device) OVER (PARTITION BY order_id, country_key, person_chain) AS linked_by_person
    FROM by_device
),
by_buyer AS (
    SELECT *, min(linked_by_person) OVER (PARTITION BY order_id, country_key, device, device_chain) AS buyer
    FROM by_person
),
named AS (
    SELECT event_id, date_key, first_value(event_id) OVER (
        PARTITION BY order_id, country_key, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS order_key
    FROM by_buyer
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
