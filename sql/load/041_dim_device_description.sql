-- One row per device whose newest user agent in the run is newer than the one that describes it, or is read otherwise
-- than before: the rules have changed.
UPDATE dim_device AS device
SET device_type = agent.device_type,
    browser_info = agent.browser_info,
    os = agent.os,
    is_bot = agent.is_bot,
    described_at = staged.described_at,
    described_by = staged.described_by
FROM staging.device AS staged
JOIN staging.user_agent AS agent USING (user_agent_hash)
WHERE device.device_id = staged.device_id
  AND (device.described_at IS NULL
       OR (staged.described_at, staged.described_by) >= (device.described_at, device.described_by))
  AND (staged.described_by, agent.device_type, agent.browser_info, agent.os, agent.is_bot) IS DISTINCT FROM
      (device.described_by, device.device_type, device.browser_info, device.os, device.is_bot)
