-- One row per rejected event of a feed that is kept no longer: it stays counted, and what it said goes.
UPDATE etl.rejected_feed_event AS rejected
SET value = NULL, original = NULL
FROM etl.feed_run AS run
WHERE run.run_id = rejected.run_id
  AND run.started_at < now() - make_interval(days => %(days)s)
  AND (rejected.value IS NOT NULL OR rejected.original IS NOT NULL)
