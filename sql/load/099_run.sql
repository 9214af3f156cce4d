-- One row: the run, finished, with the sums of its partitions.
UPDATE etl.run
SET status = 'finished', finished_at = clock_timestamp(), landed = total.landed, other_kinds = total.other_kinds,
    events = total.events, loaded = total.loaded, duplicates = total.duplicates, rejected = total.rejected
FROM (
    SELECT sum(landed) AS landed, sum(other_kinds) AS other_kinds, sum(events) AS events, sum(loaded) AS loaded,
           sum(duplicates) AS duplicates, sum(rejected) AS rejected
    FROM etl.run_range
    WHERE run_id = %(run_id)s
) AS total
WHERE run.run_id = %(run_id)s
