-- One row per user agent of the run that is read otherwise than before: the rules have changed.
UPDATE dim_user_agent AS agent
SET device_type = staged.device_type,
    browser_info = staged.browser_info,
    os = staged.os,
    is_bot = coalesce(staged.is_bot, false)
FROM staging.user_agent AS staged
WHERE agent.user_agent_hash = staged.user_agent_hash
  AND (agent.device_type, agent.browser_info, agent.os, agent.is_bot)
      IS DISTINCT FROM (staged.device_type, staged.browser_info, staged.os, coalesce(staged.is_bot, false))
