-- One row per old metric of the stream itself.
DELETE FROM live.window_metric WHERE feed = 'pipeline' AND window_start < %(kept_from)s
