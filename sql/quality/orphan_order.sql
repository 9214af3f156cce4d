-- Orders without the event that tells of them, the earliest of fact_event with their key.
-- severity: error
SELECT count(*) AS observed, string_agg(order_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT order_key, row_number() OVER () AS place
    FROM fact_order
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND NOT EXISTS (
            SELECT FROM fact_event AS event
            WHERE (event.event_id, event.date_key) = (fact_order.event_id, fact_order.date_key)
                AND event.order_key = fact_order.order_key
        )
) AS orphan
