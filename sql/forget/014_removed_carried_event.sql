-- One row per event of the visitor that is carried over of removed months: its session and order are told anew, too.
INSERT INTO staging.removed_event (
    event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition
)
SELECT event_id, event_time, visitor, order_key, order_id, country_key, bus_topic, bus_partition
FROM etl.carried_event
WHERE user_hash = %(visitor)s OR (user_hash IS NULL AND visitor = %(visitor)s)
