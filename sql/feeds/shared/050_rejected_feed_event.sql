-- One row per rejected event of the run.
INSERT INTO etl.rejected_feed_event (
    bus_topic, bus_partition, bus_offset, feed, field, rule, value, original, event_time, user_hash, run_id
)
SELECT bus_topic, bus_partition, bus_offset, %(feed)s, field, rule, value, original, event_time, user_hash, %(run_id)s
FROM rejected
