-- One row per rejected event of the visitor.
DELETE FROM etl.rejected_event AS known
USING staging.removed_rejection AS erased
WHERE (known.bus_topic, known.bus_partition, known.bus_offset)
    = (erased.bus_topic, erased.bus_partition, erased.bus_offset)
