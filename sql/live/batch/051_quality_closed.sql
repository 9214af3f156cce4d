-- One row per verdict of a minute that the bus has left behind; what a lagging partition has of it is added even so.
UPDATE live.quality
SET closed_batch_id = %(batch_id)s, batch_id = %(batch_id)s
WHERE closed_batch_id IS NULL
  AND minute + interval '1 minute' + %(lateness)s
      <= (SELECT max(least(to_timestamp(bus_seconds), %(now)s)) FROM arrived WHERE bus_seconds IS NOT NULL)
