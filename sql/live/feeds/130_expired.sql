-- One row per metric of an old window, a day of event time at once: of the feed, and of what the stream measured then.
WITH due AS (
    UPDATE live.feed
    SET kept_from = date_trunc('day', watermark - %(kept)s, 'UTC')
    WHERE batch_id = %(batch_id)s
      AND watermark IS NOT NULL
      AND (kept_from + interval '1 day' > date_trunc('day', watermark - %(kept)s, 'UTC')) IS NOT TRUE
    RETURNING feed, kept_from
)
DELETE FROM live.window_metric AS metric
USING due
WHERE metric.feed IN (due.feed, 'pipeline') AND metric.window_start < due.kept_from
