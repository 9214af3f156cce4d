-- Events whose user agent has no member in dim_user_agent: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(user_agent_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT user_agent_key, events, row_number() OVER () AS place
    FROM (
        SELECT user_agent_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY user_agent_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_user_agent AS member WHERE member.user_agent_key = used.user_agent_key)
) AS orphan
