-- One row per currency of an old window.
DELETE FROM live.window_revenue WHERE window_start < %(kept_from)s
