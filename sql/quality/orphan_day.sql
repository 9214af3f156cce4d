-- Events whose day is not in dim_date: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(date_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT date_key, events, row_number() OVER () AS place
    FROM (
        SELECT date_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY date_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_date WHERE dim_date.date_key = used.date_key)
) AS orphan
