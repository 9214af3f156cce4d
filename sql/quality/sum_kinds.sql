-- Events of the kinds that have a fact of their own against that fact's rows: the difference, summed over the facts.
-- severity: error
WITH kinds AS (
    SELECT '{fact}' AS fact, unnest({kinds}) AS kind
),
expected AS (
    SELECT fact, sum(events) AS events
    FROM (
        SELECT kind_key, count(*) AS events
        FROM fact_event
        WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        GROUP BY kind_key
    ) AS by_kind
    JOIN dim_event_kind USING (kind_key)
    JOIN kinds USING (kind)
    GROUP BY fact
),
found AS (
    SELECT fact, count(*) AS events
    FROM (
        SELECT '{fact}' AS fact, date_key, run_id FROM {fact}
    ) AS facts
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
    GROUP BY fact
)
SELECT coalesce(sum(abs(coalesce(expected.events, 0) - coalesce(found.events, 0))), 0) AS observed,
       string_agg(
           format('%%s: %%s events, %%s rows', fact, coalesce(expected.events, 0), coalesce(found.events, 0)), ', '
       ) FILTER (WHERE expected.events IS DISTINCT FROM found.events) AS detail
FROM expected
FULL JOIN found USING (fact)
