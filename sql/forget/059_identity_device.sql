-- One row per device of the visitor and of nobody else whose events are kept.
DELETE FROM identity.device AS known
USING dim_device AS device
WHERE device.device_key = known.device_key
  AND (device.device_id = %(device)s OR device.device_key IN (SELECT device_key FROM staging.resolved_event))
  AND NOT EXISTS (SELECT FROM etl.known_events() AS event WHERE event.device_key = device.device_key)
