-- One row: the run, which is over.
UPDATE etl.feed_run SET finished_at = clock_timestamp() WHERE run_id = %(run_id)s
