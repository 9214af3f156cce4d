-- One row per session of the person of the last hours, and per open window that it is in.
WITH of_window AS (
    DELETE FROM live.window_session WHERE person = %(visitor)s
)
DELETE FROM live.recent_session WHERE person = %(visitor)s
