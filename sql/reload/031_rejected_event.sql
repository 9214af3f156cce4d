-- One row per rejected event that is judged again.
DELETE FROM etl.rejected_event AS known
USING staging.removed_rejection AS judged
WHERE (known.bus_topic, known.bus_partition, known.bus_offset)
    = (judged.bus_topic, judged.bus_partition, judged.bus_offset)
