-- One row per partition: what was loaded or rejected is from now on an event of no known kind, as it is in MongoDB.
INSERT INTO etl.run_range (
    run_id, bus_topic, bus_partition, from_offset, to_offset, landed, other_kinds, events, loaded, duplicates, rejected
)
SELECT %(run_id)s, bus_topic, bus_partition, min(bus_offset), max(bus_offset) + 1, 0, count(*), -count(*),
       -count(*) FILTER (WHERE was_loaded), 0, -count(*) FILTER (WHERE NOT was_loaded)
FROM (
    SELECT bus_topic, bus_partition, bus_offset, true AS was_loaded FROM staging.resolved_event
    UNION ALL
    SELECT bus_topic, bus_partition, bus_offset, false FROM staging.removed_rejection
) AS erased
GROUP BY bus_topic, bus_partition
