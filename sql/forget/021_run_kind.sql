-- One row per partition and kind of the erased events, and one for the kind that they are from now on.
WITH erased AS (
    SELECT bus_topic, bus_partition, kind
    FROM staging.resolved_event JOIN dim_event_kind USING (kind_key)
    UNION ALL
    SELECT bus_topic, bus_partition, kind
    FROM staging.removed_rejection JOIN etl.rejected_event USING (bus_topic, bus_partition, bus_offset)
)
INSERT INTO etl.run_kind (run_id, bus_topic, bus_partition, kind, events)
SELECT %(run_id)s, bus_topic, bus_partition, kind, -count(*) FROM erased GROUP BY bus_topic, bus_partition, kind
UNION ALL
SELECT %(run_id)s, bus_topic, bus_partition, '(unknown)', count(*) FROM erased GROUP BY bus_topic, bus_partition
