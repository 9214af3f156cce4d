-- One row, where sessions or orders that are no more counted events that retention removed: nothing counts them now.
INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, orders)
SELECT 'facts', gone.bus_topic, gone.bus_partition, gone.month, 0,
       kept.events + %(session_events)s::bigint, kept.orders + %(order_events)s::bigint
FROM (SELECT * FROM etl.removed WHERE what = 'facts' ORDER BY removed_id LIMIT 1) AS gone
CROSS JOIN (SELECT count(*) AS events, count(order_key) AS orders FROM staging.resolved_event) AS kept
WHERE (kept.events + %(session_events)s::bigint, kept.orders + %(order_events)s::bigint) <> (0, 0)
