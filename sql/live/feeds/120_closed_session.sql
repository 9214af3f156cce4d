-- One row per session of a window that is closed: whoever was there is counted, and forgotten.
DELETE FROM live.window_session AS session
USING live.feed AS feed
WHERE feed.feed = session.feed AND session.window_start + %(window)s + %(lateness)s <= feed.watermark
