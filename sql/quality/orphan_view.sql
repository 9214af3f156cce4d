-- Product views without their row of fact_event: same id, day, visitor, session and person.
-- severity: error
SELECT count(*) AS observed, string_agg(event_id::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT event_id, row_number() OVER () AS place
    FROM fact_product_view_event AS view
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
        AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND NOT EXISTS (
            SELECT FROM fact_event AS event
            WHERE (event.event_id, event.date_key) = (view.event_id, view.date_key)
                AND (event.visitor, event.session_id, event.person)
                    IS NOT DISTINCT FROM (view.visitor, view.session_id, view.person)
        )
) AS orphan
