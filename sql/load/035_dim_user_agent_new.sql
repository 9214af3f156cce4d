-- One row per user agent of the run that dim_user_agent lacks, in the order of its hash.
INSERT INTO dim_user_agent (user_agent_hash, device_type, browser_info, os, is_bot)
SELECT staged.user_agent_hash, staged.device_type, staged.browser_info, staged.os, coalesce(staged.is_bot, false)
FROM staging.user_agent AS staged
WHERE NOT EXISTS (SELECT FROM dim_user_agent AS known WHERE known.user_agent_hash = staged.user_agent_hash)
ORDER BY staged.user_agent_hash
