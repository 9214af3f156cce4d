-- Share of events without a user agent (one that was sent empty is a robot's).
-- severity: warning
-- bound: 1 percent
SELECT round(100.0 * found / nullif(events, 0), 3) AS observed, format('%%s of %%s events', found, events) AS detail
FROM (
    SELECT count(*) AS events, count(*) FILTER (WHERE user_agent_key = -1) AS found
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS counted
