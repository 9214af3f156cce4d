-- One row per rejected event of the visitor.
INSERT INTO staging.removed_rejection (bus_topic, bus_partition, bus_offset)
SELECT bus_topic, bus_partition, bus_offset
FROM etl.rejected_event
JOIN unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[])
    AS erased (bus_topic, bus_partition, bus_offset) USING (bus_topic, bus_partition, bus_offset)
