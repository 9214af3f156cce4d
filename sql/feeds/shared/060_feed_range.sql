-- One row per partition of the run: its range, and what became of the events.
INSERT INTO etl.feed_range (
    bus_topic, bus_partition, from_offset, to_offset, run_id, topic_id, landed, loaded, duplicates, rejected, empty
)
SELECT part.bus_topic, part.bus_partition, from_offset, to_offset, %(run_id)s, topic_id,
       valid + rejected + empty, coalesce(loaded, 0), valid - coalesce(loaded, 0), rejected, empty
FROM jsonb_to_recordset(%(ranges)s) AS part (
    bus_topic text, bus_partition integer, from_offset bigint, to_offset bigint, topic_id text,
    valid bigint, rejected bigint, empty bigint
)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS loaded FROM staged GROUP BY bus_topic, bus_partition
) AS counted USING (bus_topic, bus_partition)
