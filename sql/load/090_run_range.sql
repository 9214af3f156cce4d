-- One row per partition of the run; the table's checks refuse a range that does not reconcile.
INSERT INTO etl.run_range (
    run_id, bus_topic, bus_partition, from_offset, to_offset, landed, other_kinds, views, loaded, duplicates, rejected
)
SELECT %(run_id)s, part.bus_topic, part.bus_partition, part.from_offset, part.to_offset,
       part.landed, part.other_kinds, part.views, coalesce(loaded.events, 0),
       part.repeated + coalesce(staged.events, 0) - coalesce(loaded.events, 0), coalesce(rejected.events, 0)
FROM jsonb_to_recordset(%(ranges)s) AS part (
    bus_topic text, bus_partition integer, from_offset bigint, to_offset bigint,
    landed bigint, other_kinds bigint, views bigint, repeated bigint
)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS events FROM staging.product_view GROUP BY bus_topic, bus_partition
) AS staged USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS events FROM staging.resolved_view GROUP BY bus_topic, bus_partition
) AS loaded USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS events FROM staging.rejected_event GROUP BY bus_topic, bus_partition
) AS rejected USING (bus_topic, bus_partition)
