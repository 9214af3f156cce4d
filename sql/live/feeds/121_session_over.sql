-- One row per session of which no further event would tell.
DELETE FROM live.recent_session AS session
USING live.feed AS feed
WHERE feed.feed = session.feed AND session.last_time + %(session_gap)s + %(window)s + %(lateness)s <= feed.watermark
