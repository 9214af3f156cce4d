-- Events whose day is not the one of their time in any time zone: 14 hours ahead of UTC to 12 behind.
-- severity: error
SELECT count(*) AS observed,
       string_agg(format('%%s: day %%s', event_id, date_key), ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, date_key, row_number() OVER () AS place
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND date_key NOT BETWEEN
            to_char((event_time AT TIME ZONE 'UTC') - interval '12 hours', 'YYYYMMDD')::integer
            AND to_char((event_time AT TIME ZONE 'UTC') + interval '14 hours', 'YYYYMMDD')::integer
) AS misplaced
