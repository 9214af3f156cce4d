-- Time since a run of the ETL last finished.
-- severity: warning
-- bound: 26 hours
-- scope: all
SELECT round(extract(epoch FROM now() - newest) / 3600, 1) AS observed,
       'newest run finished at ' || to_char(newest AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS detail
FROM (SELECT max(finished_at) AS newest FROM etl.run WHERE status = 'finished') AS runs
