-- One row per event of a touched order that belongs to another order now: an order is what one device or person (also by
-- way of a third event) tells of one order id and store, each event within 24 hours of the one before. Who is one buyer
-- is told by events without a gap of 24 hours between them alone, whosever they are: later ones change no closed order.
WITH told AS (
    SELECT event.event_id, event.date_key, event.order_id, event.country_key, event.event_time, event.bus_topic,
           event.bus_partition, event.bus_offset,
           coalesce(event.person::text, 'device ' || event.device_key) AS person,
           coalesce(nullif(event.device_key, -1)::text, event.visitor::text, '') AS device,
           event.event_time - lag(event.event_time) OVER of_id > interval '24 hours' AS is_apart
    FROM etl.known_events() AS event
    JOIN staging.touched_order AS touched USING (order_key)
    WHERE event.order_id IS NOT NULL
    WINDOW of_id AS (PARTITION BY event.order_id, event.country_key ORDER BY event.event_time)
),
stretched AS (
    SELECT *, count(*) FILTER (WHERE is_apart) OVER (PARTITION BY order_id, country_key ORDER BY event_time) AS stretch
    FROM told
),
by_device AS (
    SELECT *, min(person) OVER (PARTITION BY order_id, country_key, stretch, device) AS of_device FROM stretched
),
by_person AS (
    SELECT *, min(of_device) OVER (PARTITION BY order_id, country_key, stretch, person) AS of_person FROM by_device
),
by_buyer AS (
    SELECT *, min(of_person) OVER (PARTITION BY order_id, country_key, stretch, device) AS buyer FROM by_person
),
in_time AS (
    SELECT *, event_time - lag(event_time) OVER buyers > interval '24 hours' AS is_later
    FROM by_buyer
    WINDOW buyers AS (
        PARTITION BY order_id, country_key, stretch, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    )
),
chained AS (
    SELECT *, count(*) FILTER (WHERE is_later) OVER (
        PARTITION BY order_id, country_key, stretch, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS chain
    FROM in_time
),
named AS (
    SELECT event_id, date_key, first_value(event_id) OVER (
        PARTITION BY order_id, country_key, stretch, buyer, chain
        ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS order_key
    FROM chained
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
