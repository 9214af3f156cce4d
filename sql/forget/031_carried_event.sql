-- One row per event of the visitor that is carried over of removed months.
DELETE FROM etl.carried_event WHERE user_hash = %(visitor)s OR (user_hash IS NULL AND visitor = %(visitor)s)
