-- One row per line of an order that no staged event has at its place on the bus.
DELETE FROM staging.order_line AS line
WHERE NOT EXISTS (
    SELECT FROM staging.event
    WHERE event.bus_topic = line.bus_topic
      AND event.bus_partition = line.bus_partition
      AND event.bus_offset = line.bus_offset
)
