-- One row per event whose window is closed, or was removed as old.
UPDATE arrived_feed
SET is_late = true
FROM live.feed AS feed
WHERE feed.feed = arrived_feed.feed
  AND arrived_feed.verdict IS NULL
  AND (
      arrived_feed.window_start + %(window)s + %(lateness)s <= feed.watermark
      OR arrived_feed.window_start < feed.kept_from
      -- Where more lateness is allowed now than when it was closed.
      OR EXISTS (
          SELECT FROM live.window_metric AS closed
          WHERE closed.feed = arrived_feed.feed AND closed.metric IN ('events', 'late_events')
            AND closed.dimension = '' AND closed.member = ''
            AND closed.window_start = arrived_feed.window_start AND closed.closed_batch_id IS NOT NULL
      )
  )
