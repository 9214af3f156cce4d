-- One row per event that was sent so long ago that it is not expected a second time.
DELETE FROM live.feed_event_id AS known
USING live.feed AS feed
WHERE feed.feed = known.feed
  AND feed.batch_id = %(batch_id)s
  AND known.window_start <= feed.watermark - %(window)s - %(lateness)s - %(ids_kept)s
