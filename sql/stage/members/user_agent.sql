-- One row per user agent.
SELECT user_agent_hash::text, min(user_agent COLLATE "C")
FROM staging.event
WHERE user_agent IS NOT NULL
GROUP BY user_agent_hash
