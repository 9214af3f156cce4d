-- Cart events, searches and recommendations without their row of fact_event.
-- severity: error
SELECT count(*) AS observed, string_agg(format('%%s %%s', fact, event_id), ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT fact, event_id, row_number() OVER () AS place
    FROM (
        SELECT 'fact_cart_event' AS fact, event_id, date_key, run_id FROM fact_cart_event
        UNION ALL
        SELECT 'fact_search', event_id, date_key, run_id FROM fact_search
        UNION ALL
        SELECT 'fact_recommendation', event_id, date_key, run_id FROM fact_recommendation
    ) AS path
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND NOT EXISTS (
            SELECT FROM fact_event AS event WHERE (event.event_id, event.date_key) = (path.event_id, path.date_key)
        )
) AS orphan
