-- One row per device of the visitor and of nobody else whose events are kept: it stays a device, without its id.
UPDATE dim_device AS device
SET device_id = NULL, described_at = NULL, described_by = NULL
WHERE device_id IS NOT NULL
  AND (device_id = %(device)s OR device_key IN (SELECT device_key FROM staging.resolved_event))
  AND device.device_key NOT IN (
      -- Whoever else used the device has its visitor, by which an index finds the events.
      SELECT event.device_key
      FROM etl.known_events() AS event
      WHERE event.visitor IN (SELECT visitor FROM staging.removed_event UNION SELECT %(visitor)s)
  )
