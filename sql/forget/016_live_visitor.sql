-- One row per open window that the visitor is in.
DELETE FROM live.window_visitor WHERE visitor = %(visitor)s OR person = %(visitor)s
