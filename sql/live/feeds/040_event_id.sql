-- One row per event that counts.
INSERT INTO live.feed_event_id (feed, event_id, window_start)
SELECT feed, event_id, window_start FROM arrived_feed WHERE verdict IS NULL
