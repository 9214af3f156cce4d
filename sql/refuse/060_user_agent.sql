-- One row per user agent that no staged event names.
DELETE FROM staging.user_agent AS member
WHERE NOT EXISTS (SELECT FROM staging.event WHERE event.user_agent_hash = member.user_agent_hash)
