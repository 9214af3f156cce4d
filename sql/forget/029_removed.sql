-- One row, where sessions or orders of the visitor count events that retention removed: nothing counts them any more.
INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, orders)
SELECT 'facts', gone.bus_topic, gone.bus_partition, gone.month, 0, kept.events - sessions.events,
       kept.orders - orders.events
FROM (SELECT * FROM etl.removed WHERE what = 'facts' ORDER BY removed_id LIMIT 1) AS gone
CROSS JOIN (SELECT count(*) AS events, count(order_key) AS orders FROM staging.resolved_event) AS kept
CROSS JOIN (SELECT coalesce(sum(events), 0) AS events FROM fact_session WHERE visitor = %(visitor)s) AS sessions
CROSS JOIN (SELECT coalesce(sum(events), 0) AS events FROM fact_order WHERE visitor = %(visitor)s) AS orders
WHERE (kept.events, kept.orders) <> (sessions.events, orders.events)
