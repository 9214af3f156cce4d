-- Orders without the event that tells of them: the row of fact_event with their event id, day and key.
-- severity: error
-- An order outlives the months that retention removed.
SELECT count(*) AS observed, string_agg(order_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT fact_order.order_key, row_number() OVER () AS place
    FROM fact_order
    CROSS JOIN LATERAL (
        SELECT count(*) AS events
        FROM fact_event AS event
        WHERE (event.event_id, event.date_key) = (fact_order.event_id, fact_order.date_key)
            AND event.order_key = fact_order.order_key
    ) AS told
    WHERE (%(days)s::integer[] IS NULL OR fact_order.date_key = ANY(%(days)s))
        AND fact_order.date_key >= (SELECT etl.facts_kept_from())
        AND told.events = 0
) AS orphan
