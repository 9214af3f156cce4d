-- One row per old minute of the bus and verdict.
DELETE FROM live.quality WHERE minute < %(kept_from)s
