-- One row per minute of the bus and verdict.
INSERT INTO live.quality AS known (minute, verdict, events, batch_id)
SELECT date_trunc('minute', to_timestamp(coalesce(bus_seconds, 0)), 'UTC'), coalesce(verdict, 'valid'), count(*),
       %(batch_id)s
FROM arrived
GROUP BY 1, 2
ON CONFLICT (minute, verdict) DO UPDATE
SET events = known.events + excluded.events, batch_id = excluded.batch_id
