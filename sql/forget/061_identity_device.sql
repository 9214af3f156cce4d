-- One row per device that has lost its id.
DELETE FROM identity.device AS known
USING dim_device AS device
WHERE device.device_key = known.device_key AND device.device_id IS NULL
