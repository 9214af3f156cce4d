-- One row per verdict of a minute that the bus has left behind; what a lagging partition has of it is added even so.
UPDATE live.window_metric AS metric
SET closed_batch_id = %(batch_id)s, batch_id = %(batch_id)s
FROM (
    SELECT feed, max(least(to_timestamp(bus_seconds), %(now)s)) AS reached
    FROM arrived_feed
    WHERE bus_seconds IS NOT NULL
    GROUP BY feed
) AS newest
WHERE newest.feed = metric.feed
  AND metric.closed_batch_id IS NULL
  AND metric.metric IN ('valid', 'invalid', 'duplicates')
  AND metric.window_start + interval '1 minute' + %(lateness)s <= newest.reached
