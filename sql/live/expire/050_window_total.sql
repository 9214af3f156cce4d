-- One row per old window.
DELETE FROM live.window_total WHERE window_start < %(kept_from)s
