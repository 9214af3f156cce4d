-- One row, where sessions or orders of the visitor count events that retention removed: nothing counts them any more.
INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, orders)
SELECT 'facts', gone.bus_topic, gone.bus_partition, gone.month, 0, kept.events - sessions.events, -orders.events
FROM (SELECT * FROM etl.removed WHERE what = 'facts' ORDER BY removed_id LIMIT 1) AS gone
CROSS JOIN (SELECT count(*) AS events FROM staging.resolved_event) AS kept
CROSS JOIN (SELECT coalesce(sum(events), 0) AS events FROM fact_session WHERE visitor = %(visitor)s) AS sessions
CROSS JOIN (
    -- Others may tell of an order of the visitor; those events are kept and counted.
    SELECT coalesce(sum(purchase.events - told.events), 0) AS events
    FROM fact_order AS purchase
    CROSS JOIN LATERAL (
        SELECT count(*) AS events FROM fact_event AS event WHERE event.order_key = purchase.order_key
    ) AS told
    WHERE purchase.visitor = %(visitor)s
) AS orders
WHERE (kept.events, 0) <> (sessions.events, orders.events)
