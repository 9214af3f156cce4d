-- Events later than an hour from now. The ETL rejects those that were later than their arrival on the bus.
-- severity: warning
SELECT count(*) AS observed,
       string_agg(format('%%s at %%s', event_id, event_time), ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, event_time, row_number() OVER () AS place
    FROM fact_event
    WHERE event_time > now() + interval '1 hour'
        AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS future
