-- One row per user agent.
SELECT DISTINCT user_agent_hash::text, user_agent
FROM staging.event
WHERE user_agent IS NOT NULL AND abs(hashtext(user_agent)::bigint) %% %(shares)s = %(share)s
