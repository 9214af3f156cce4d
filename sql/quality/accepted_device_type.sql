-- Devices that some event came from, of a type that no report knows.
-- severity: error
SELECT count(*) AS observed, string_agg(DISTINCT coalesce(device_type, 'null'), ', ') AS detail
FROM (
    SELECT DISTINCT device_key
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS used
JOIN dim_device USING (device_key)
WHERE device_type NOT IN ('Desktop', 'Mobile', 'Tablet', 'TV', 'Console', 'Bot', 'Other', 'Unknown')
