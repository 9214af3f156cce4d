-- One row per open window, dimension and member of the batch's events.
INSERT INTO live.window_count AS known (
    window_start, dimension, member, events, views, bot_events, bot_views, batch_id
)
SELECT window_start, dimension, member, count(*), count(*) FILTER (WHERE kind = %(view)s),
       count(*) FILTER (WHERE is_bot), count(*) FILTER (WHERE is_bot AND kind = %(view)s), %(batch_id)s
FROM arrived
CROSS JOIN LATERAL (
    VALUES ('kind', kind), ('product', product), ('store', coalesce(store, 'Unknown')), ('referrer type', referrer_type)
) AS named (dimension, member)
WHERE verdict IS NULL AND NOT is_late AND member IS NOT NULL
GROUP BY window_start, dimension, member
ON CONFLICT (window_start, dimension, member) DO UPDATE
SET events = known.events + excluded.events,
    views = known.views + excluded.views,
    bot_events = known.bot_events + excluded.bot_events,
    bot_views = known.bot_views + excluded.bot_views,
    batch_id = excluded.batch_id
