-- One row per closed window for which the batch has events; nothing else of it changes.
INSERT INTO live.window_metric AS known (
    feed, metric, dimension, member, window_start, events, batch_id, closed_batch_id
)
SELECT arrived_feed.feed, 'late_events', '', '', window_start, count(*), %(batch_id)s, %(batch_id)s
FROM arrived_feed
JOIN live.feed AS feed USING (feed)
WHERE verdict IS NULL AND is_late AND (window_start < feed.kept_from) IS NOT TRUE
GROUP BY arrived_feed.feed, window_start
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = known.events + excluded.events, batch_id = excluded.batch_id
