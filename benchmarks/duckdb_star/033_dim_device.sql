-- One row per device, described by its newest user agent.
CREATE TABLE dim_device AS
SELECT row_number() OVER (ORDER BY device_id) AS device_key, device_id, agent.* EXCLUDE (user_agent)
FROM (
    SELECT device_id, arg_max(user_agent, (event_time, event_id)) FILTER (WHERE user_agent IS NOT NULL) AS user_agent
    FROM event
    WHERE device_id IS NOT NULL
    GROUP BY device_id
) AS newest
LEFT JOIN described_agent AS agent USING (user_agent)
