-- One row per device of the visitor and of nobody else whose events are kept: it stays a device, without its id.
UPDATE dim_device AS device
SET device_id = NULL, described_at = NULL, described_by = NULL
WHERE device_id IS NOT NULL
  AND (device_id = %(device)s OR device_key IN (SELECT device_key FROM staging.resolved_event))
  AND NOT EXISTS (SELECT FROM etl.known_events() AS event WHERE event.device_key = device.device_key)
