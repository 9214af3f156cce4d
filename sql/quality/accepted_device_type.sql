-- Devices that some event came from, and user agents that it was sent with, of a type that no report knows.
-- severity: error
WITH used AS (
    SELECT DISTINCT device_key, user_agent_key
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
)
SELECT count(*) AS observed, string_agg(DISTINCT coalesce(device_type, 'null'), ', ') AS detail
FROM (
    SELECT device_type FROM dim_device WHERE device_key IN (SELECT device_key FROM used)
    UNION ALL
    SELECT device_type FROM dim_user_agent WHERE user_agent_key IN (SELECT user_agent_key FROM used)
) AS described
WHERE device_type NOT IN ('Desktop', 'Mobile', 'Tablet', 'TV', 'Console', 'Bot', 'Other', 'Unknown')
