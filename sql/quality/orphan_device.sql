-- Events whose device has no member in dim_device: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(device_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT device_key, events, row_number() OVER () AS place
    FROM (
        SELECT device_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY device_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_device AS member WHERE member.device_key = used.device_key)
) AS orphan
