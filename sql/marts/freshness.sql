-- One row: what the materialized marts were computed from.
-- identity: (SELECT count(*) FROM mart.freshness) = 1
-- unique: run_id
-- run_id: Newest run of the ETL that had finished, 0 where none had (etl.run)
-- finished_at: When it had finished; events that it loaded are in the marts, later ones are not
-- scrubber: Version of the scrubber that had gone over all stored texts, 0 where none had (etl.scrubbing)
CREATE MATERIALIZED VIEW materialized.freshness AS
SELECT coalesce(max(run_id), 0) AS run_id, max(finished_at) AS finished_at,
       (SELECT coalesce(max(scrubber), 0) FROM etl.scrubbing) AS scrubber
FROM etl.run
WHERE status = 'finished'
