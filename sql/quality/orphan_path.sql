-- Rows of facts of certain kinds, as cart events and searches, without their row of fact_event.
-- severity: error
SELECT count(*) AS observed, string_agg(format('%%s %%s', fact, event_id), ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT fact, event_id, row_number() OVER () AS place
    FROM (
        SELECT '{fact}' AS fact, event_id, date_key, run_id FROM {fact}
    ) AS path
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        -- These are orphan_view's.
        AND fact <> 'fact_product_view_event'
        AND NOT EXISTS (
            SELECT FROM fact_event AS event WHERE (event.event_id, event.date_key) = (path.event_id, path.date_key)
        )
) AS orphan
