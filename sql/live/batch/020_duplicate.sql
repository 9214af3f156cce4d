-- One row per event whose id another record has: one that is counted, or one that the ETL has loaded.
UPDATE arrived
SET verdict = 'duplicate'
WHERE verdict IS NULL
  AND (
      EXISTS (SELECT FROM live.event_id AS known WHERE known.event_id = arrived.event_id)
      OR EXISTS (
          SELECT FROM fact_event AS loaded
          WHERE loaded.event_id = arrived.event_id
            AND (loaded.bus_topic, loaded.bus_partition, loaded.bus_offset)
                <> (arrived.bus_topic, arrived.bus_partition, arrived.bus_offset)
      )
  )
