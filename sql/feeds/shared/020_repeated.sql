-- One row per staged event whose id stands before it in the run, or is loaded: taken out.
WITH repeated AS (
    SELECT bus_topic, bus_partition, bus_offset
    FROM (
        SELECT bus_topic, bus_partition, bus_offset, event_id,
               row_number() OVER (PARTITION BY event_id ORDER BY bus_topic, bus_partition, bus_offset) AS place
        FROM staged
    ) AS numbered
    WHERE place > 1 OR EXISTS (SELECT FROM {fact} AS known WHERE known.event_id = numbered.event_id)
)
DELETE FROM staged USING repeated
WHERE (staged.bus_topic, staged.bus_partition, staged.bus_offset)
    = (repeated.bus_topic, repeated.bus_partition, repeated.bus_offset)
