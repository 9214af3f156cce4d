-- One row per partition of the batch, of whichever feed.
INSERT INTO live.position AS known (
    bus_topic, bus_partition, topic_id, first_offset, next_offset, reached_time, heard_at, batch_id
)
SELECT part.bus_topic, part.bus_partition, part.topic_id, part.first_offset, part.next_offset,
       to_timestamp(part.reached), clock_timestamp(), %(batch_id)s
FROM jsonb_to_recordset(%(positions)s) AS part (
    bus_topic text, bus_partition integer, topic_id text, first_offset bigint, next_offset bigint,
    reached double precision
)
ON CONFLICT (bus_topic, bus_partition) DO UPDATE
SET next_offset = greatest(known.next_offset, excluded.next_offset),
    reached_time = greatest(known.reached_time, excluded.reached_time),
    heard_at = CASE WHEN excluded.reached_time IS NULL THEN known.heard_at ELSE excluded.heard_at END,
    batch_id = excluded.batch_id
