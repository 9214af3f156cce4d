-- One row per counted event that fact_event answers for: the ETL has come past it. Where it took another record with that
-- id, that one must have been read here, too: it would count once more.
DELETE FROM live.event_id AS known
USING etl.watermark AS mark
WHERE mark.bus_topic = known.bus_topic
  AND mark.bus_partition = known.bus_partition
  AND mark.next_offset > known.bus_offset
  AND NOT EXISTS (
      SELECT FROM fact_event AS loaded
      LEFT JOIN live.position AS place USING (bus_topic, bus_partition)
      WHERE loaded.event_id = known.event_id
        AND (loaded.bus_topic, loaded.bus_partition, loaded.bus_offset)
            <> (known.bus_topic, known.bus_partition, known.bus_offset)
        AND loaded.bus_offset >= coalesce(place.next_offset, 0)
  )
