-- One row per partition of an old window.
DELETE FROM live.window_reach WHERE window_start < %(kept_from)s
