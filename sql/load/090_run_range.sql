-- One row per partition of the run; the table's checks refuse a range that does not reconcile.
INSERT INTO etl.run_range (
    run_id, bus_topic, bus_partition, from_offset, to_offset, landed, other_kinds, events, loaded, duplicates, rejected
)
SELECT %(run_id)s, bus_topic, bus_partition, part.from_offset, part.to_offset, part.landed, part.other_kinds,
       part.events, changed.loaded, part.events - changed.loaded - changed.rejected, changed.rejected
FROM jsonb_to_recordset(%(ranges)s) AS part (
    bus_topic text, bus_partition integer, from_offset bigint, to_offset bigint,
    landed bigint, other_kinds bigint, events bigint
)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM staging.resolved_event GROUP BY 1, 2
) AS resolved USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM staging.removed_event GROUP BY 1, 2
) AS removed USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM staging.rejected_event GROUP BY 1, 2
) AS rejected USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, count(*) AS rows FROM staging.removed_rejection GROUP BY 1, 2
) AS judged USING (bus_topic, bus_partition)
CROSS JOIN LATERAL (
    SELECT coalesce(resolved.rows, 0) - coalesce(removed.rows, 0) AS loaded,
           coalesce(rejected.rows, 0) - coalesce(judged.rows, 0) AS rejected
) AS changed
