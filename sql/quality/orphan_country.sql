-- Events whose store has no member in dim_store: fact_event has no foreign key to tell.
-- severity: error
SELECT coalesce(sum(events), 0) AS observed, string_agg(country_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT country_key, events, row_number() OVER () AS place
    FROM (
        SELECT country_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY country_key
    ) AS used
    WHERE NOT EXISTS (SELECT FROM dim_store AS member WHERE member.country_key = used.country_key)
) AS orphan
