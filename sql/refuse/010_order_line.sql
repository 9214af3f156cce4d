-- One row per line of an order that no staged event tells of.
DELETE FROM staging.order_line AS line
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.event_id = line.event_id)
