-- One row per range of offsets with rows of {table} of the person: deleted, and counted as empty from now on.
WITH gone AS (
    DELETE FROM {table}
    WHERE {of_person}
    RETURNING bus_topic, bus_partition, bus_offset
), counted AS (
    SELECT part.bus_topic, part.bus_partition, part.from_offset, count(*) AS events
    FROM gone
    JOIN etl.feed_range AS part
        ON part.bus_topic = gone.bus_topic AND part.bus_partition = gone.bus_partition
        AND gone.bus_offset >= part.from_offset AND gone.bus_offset < part.to_offset
    GROUP BY 1, 2, 3
)
UPDATE etl.feed_range AS part
SET {counted} = {counted} - counted.events, empty = empty + counted.events
FROM counted
WHERE (part.bus_topic, part.bus_partition, part.from_offset)
    = (counted.bus_topic, counted.bus_partition, counted.from_offset)
