-- One row per metric of a window that its feed's watermark has passed.
UPDATE live.window_metric AS metric
SET closed_batch_id = %(batch_id)s, batch_id = %(batch_id)s
FROM live.feed AS feed
WHERE feed.feed = metric.feed
  AND feed.batch_id = %(batch_id)s
  AND metric.closed_batch_id IS NULL
  AND metric.metric NOT IN ('valid', 'invalid', 'duplicates')
  AND metric.window_start + %(window)s + %(lateness)s <= feed.watermark
