-- One row per window of the batch's events; of a closed one only what came late.
INSERT INTO live.window_total AS known (
    window_start, window_end, events, views, order_events, bot_events, bot_views, bot_order_events, early_events,
    late_events, late_views, late_order_events, batch_id, closed_batch_id, updated_at
)
SELECT window_start, window_start + %(window)s,
       count(*) FILTER (WHERE NOT is_late),
       count(*) FILTER (WHERE NOT is_late AND is_view),
       count(*) FILTER (WHERE NOT is_late AND is_order),
       count(*) FILTER (WHERE NOT is_late AND is_bot),
       count(*) FILTER (WHERE NOT is_late AND is_bot AND is_view),
       count(*) FILTER (WHERE NOT is_late AND is_bot AND is_order),
       count(*) FILTER (WHERE NOT is_late AND is_early),
       count(*) FILTER (WHERE is_late),
       count(*) FILTER (WHERE is_late AND is_view),
       count(*) FILTER (WHERE is_late AND is_order),
       %(batch_id)s, CASE WHEN bool_or(is_late) THEN %(batch_id)s END, clock_timestamp()
FROM (
    SELECT window_start, is_late, is_bot, kind = %(view)s AS is_view, kind = %(order)s AS is_order,
           event_time > least(to_timestamp(bus_seconds), %(now)s) + %(lead)s AS is_early
    FROM arrived
    WHERE verdict IS NULL AND (window_start < %(kept_from)s::timestamptz) IS NOT TRUE
) AS counted
GROUP BY window_start
ON CONFLICT (window_start) DO UPDATE
SET events = known.events + excluded.events,
    views = known.views + excluded.views,
    order_events = known.order_events + excluded.order_events,
    bot_events = known.bot_events + excluded.bot_events,
    bot_views = known.bot_views + excluded.bot_views,
    bot_order_events = known.bot_order_events + excluded.bot_order_events,
    early_events = known.early_events + excluded.early_events,
    late_events = known.late_events + excluded.late_events,
    late_views = known.late_views + excluded.late_views,
    late_order_events = known.late_order_events + excluded.late_order_events,
    batch_id = excluded.batch_id,
    updated_at = excluded.updated_at
