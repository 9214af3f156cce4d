-- One row per device of the run whose id identity.device lacks.
INSERT INTO identity.device (device_key, device_id)
SELECT device.device_key, staged.raw_device_id
FROM staging.device AS staged
JOIN dim_device AS device USING (device_id)
WHERE NOT EXISTS (SELECT FROM identity.device AS known WHERE known.device_key = device.device_key)
