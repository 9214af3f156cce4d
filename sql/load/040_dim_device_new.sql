-- One row per device of the run that dim_device lacks, in the order of device_id.
INSERT INTO dim_device (device_id, device_type, browser_info, os, is_bot, described_at, described_by)
SELECT staged.device_id, agent.device_type, agent.browser_info, agent.os, coalesce(agent.is_bot, false),
       staged.described_at, staged.described_by
FROM staging.device AS staged
LEFT JOIN staging.user_agent AS agent USING (user_agent_hash)
WHERE NOT EXISTS (SELECT FROM dim_device AS known WHERE known.device_id = staged.device_id)
ORDER BY staged.device_id
