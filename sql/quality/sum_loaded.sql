-- Events that the ledger says were loaded against the rows of fact_event and those removed since: the difference.
-- severity: error
SELECT abs(loaded - events) AS observed, loaded || ' loaded, ' || events || ' rows' AS detail
FROM (
    SELECT sum(loaded) AS loaded
    FROM etl.run
    WHERE status = 'finished'
        AND (
            %(run_id)s::bigint IS NULL
            -- A run that loads days again counts only what it changed, and takes over the rows of earlier runs.
            OR (
                run_id = %(run_id)s
                AND NOT EXISTS (SELECT FROM etl.run WHERE run_id >= %(run_id)s AND mode <> 'incremental')
            )
        )
) AS ledger
CROSS JOIN (
    SELECT count(*) + CASE
               WHEN %(run_id)s::bigint IS NULL
                   THEN (SELECT coalesce(sum(rows), 0) FROM etl.removed WHERE what = 'facts')
               ELSE 0
           END AS events
    FROM fact_event
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS fact
