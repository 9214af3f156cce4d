-- One row per event of the visitor: the sessions around it and its order are made anew without it.
INSERT INTO staging.removed_event (
    event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition
)
SELECT event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition
FROM staging.resolved_event
