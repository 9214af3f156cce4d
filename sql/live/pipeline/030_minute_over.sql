-- One row per metric of a minute of commits that is over.
UPDATE live.window_metric
SET closed_batch_id = %(batch_id)s, batch_id = %(batch_id)s
WHERE feed = 'pipeline' AND closed_batch_id IS NULL AND window_start < date_trunc('minute', clock_timestamp(), 'UTC')
