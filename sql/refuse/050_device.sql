-- One row per device that no staged event names.
DELETE FROM staging.device AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.device_id = member.device_id)
