-- One row per event that is not the first to arrive with its id.
DELETE FROM staging.event AS event
USING (
    SELECT bus_topic, bus_partition, bus_offset, row_number() OVER (
        PARTITION BY event_id ORDER BY arrival, bus_topic COLLATE "C", bus_partition, bus_offset
    ) AS place
    FROM staging.event
    WHERE event_id IN (SELECT event_id FROM staging.event GROUP BY event_id HAVING count(*) > 1)
) AS arrived
WHERE arrived.place > 1
  AND event.bus_topic = arrived.bus_topic
  AND event.bus_partition = arrived.bus_partition
  AND event.bus_offset = arrived.bus_offset
