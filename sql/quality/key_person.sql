-- Events of one user in a session of another person, or with a visitor and without a session.
-- severity: error
SELECT count(*) AS observed, string_agg(event_id::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, row_number() OVER () AS place
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND visitor IS NOT NULL
        AND (person IS DISTINCT FROM coalesce(user_hash, person) OR session_id IS NULL OR person IS NULL)
) AS mixed
