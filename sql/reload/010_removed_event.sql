-- One row per event of the days that are loaded again.
INSERT INTO staging.removed_event (event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition)
SELECT event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition
FROM fact_event
WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
