-- One row per member of an old window.
DELETE FROM live.window_count WHERE window_start < %(kept_from)s
