-- One row per event that is not the first of the batch with its id, in the order in which the ETL takes them
-- (sql/stage/010_event_repeated.sql).
UPDATE arrived
SET verdict = 'duplicate'
FROM (
    SELECT bus_topic, bus_partition, bus_offset, row_number() OVER (
        PARTITION BY event_id ORDER BY bus_topic COLLATE "C", bus_partition, bus_offset
    ) AS place
    FROM arrived
    WHERE verdict IS NULL
) AS numbered
WHERE numbered.place > 1
  AND arrived.bus_topic = numbered.bus_topic
  AND arrived.bus_partition = numbered.bus_partition
  AND arrived.bus_offset = numbered.bus_offset
