-- One row per device of the visitor and of nobody else whose events are kept.
DELETE FROM identity.device AS known
USING dim_device AS device
WHERE device.device_key = known.device_key
  AND (device.device_id = %(device)s OR device.device_key IN (SELECT device_key FROM staging.resolved_event))
  AND device.device_key NOT IN (
      -- Whoever else used the device has its visitor, by which an index finds the events.
      SELECT event.device_key
      FROM etl.known_events() AS event
      WHERE event.visitor IN (SELECT visitor FROM staging.removed_event UNION SELECT %(visitor)s)
  )
