-- One row per partition of the run, moved only from where the run began.
INSERT INTO etl.watermark AS known (bus_topic, bus_partition, next_offset, run_id, topic_id)
SELECT bus_topic, bus_partition, to_offset, run_id, coalesce(%(topic_ids)s::jsonb ->> bus_topic, '')
FROM etl.run_range
WHERE run_id = %(run_id)s
ON CONFLICT (bus_topic, bus_partition) DO UPDATE
SET next_offset = excluded.next_offset, run_id = excluded.run_id,
    topic_id = coalesce(nullif(excluded.topic_id, ''), known.topic_id)
WHERE known.next_offset = (
    SELECT from_offset FROM etl.run_range AS part
    WHERE part.run_id = %(run_id)s AND (part.bus_topic, part.bus_partition) = (known.bus_topic, known.bus_partition)
)
