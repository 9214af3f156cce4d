-- Orders whose count of events is not the checkout_success events that tell of them, kept or carried over.
-- severity: error
SELECT count(*) AS observed,
       string_agg(format('%%s: %%s counted, %%s rows', order_key, counted, events), ', ') FILTER (WHERE place <= 3)
           AS detail
FROM (
    SELECT touched.order_key, coalesce(fact_order.events, 0) AS counted, told.events, row_number() OVER () AS place
    FROM (
        SELECT DISTINCT order_key
        FROM fact_event
        WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'checkout_success')
            AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
            AND (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
    ) AS touched
    LEFT JOIN fact_order USING (order_key)
    CROSS JOIN LATERAL (
        SELECT count(*) AS events FROM etl.known_events() AS event WHERE event.order_key = touched.order_key
    ) AS told
    WHERE told.events IS DISTINCT FROM fact_order.events
) AS differing
