-- One row per user agent.
CREATE TABLE dim_user_agent AS
SELECT row_number() OVER (ORDER BY user_agent) AS user_agent_key, * FROM described_agent
