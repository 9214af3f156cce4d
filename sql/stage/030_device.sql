-- One row per device: its keyed hash, its id, which no analyst sees, and its newest user agent that was sent.
INSERT INTO staging.device (device_id, raw_device_id, user_agent_hash, described_at, described_by)
SELECT known.device_id, known.raw_device_id, newest.user_agent_hash, newest.event_time, newest.event_id
FROM (
    SELECT device_id, max(raw_device_id) AS raw_device_id
    FROM staging.event
    WHERE device_id IS NOT NULL
    GROUP BY device_id
) AS known
LEFT JOIN (
    SELECT DISTINCT ON (device_id) device_id, user_agent_hash, event_time, event_id
    FROM staging.event
    WHERE device_id IS NOT NULL AND user_agent_hash IS NOT NULL
    ORDER BY device_id, event_time DESC, event_id DESC
) AS newest USING (device_id)
