-- One row per user agent that only the visitor's kept events had: its description stays, without what tells it apart.
UPDATE dim_user_agent AS agent
SET user_agent_hash = NULL
WHERE user_agent_hash IS NOT NULL
  AND user_agent_key IN (SELECT user_agent_key FROM staging.resolved_event)
  AND NOT EXISTS (SELECT FROM fact_event AS event WHERE event.user_agent_key = agent.user_agent_key)
  AND NOT EXISTS (SELECT FROM etl.carried_event AS event WHERE event.user_agent_key = agent.user_agent_key)
