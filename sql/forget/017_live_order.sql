-- One row per order that the visitor has told of in the last hours.
DELETE FROM live.recent_order WHERE visitor = %(visitor)s OR person = %(visitor)s
