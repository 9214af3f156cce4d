-- Computes the materialized marts anew, or only if a run has finished or stored texts were scrubbed since; rows and
--   seconds of each.
-- execute: warehouse_etl

-- Runs as the owner, as REFRESH must. CONCURRENTLY: analysts read the former rows until the new ones are committed.
-- A grouping of five million rows in memory needs 256 MB; in 64 MB it spills and takes twice as long. In order
-- of dependence, freshness first: a run that finishes meanwhile is not yet in it, and the next refresh does not take
-- the marts for fresh.
CREATE FUNCTION etl.refresh_marts(even_if_fresh boolean) RETURNS TABLE (mart text, rows bigint, seconds numeric)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET work_mem = '256MB' SET jit = off AS $$
DECLARE
    started timestamptz;
BEGIN
    IF NOT even_if_fresh AND (SELECT (run_id, scrubber) FROM mart.freshness) = (
        (SELECT coalesce(max(run_id), 0) FROM etl.run WHERE status = 'finished'),
        (SELECT coalesce(max(scrubber), 0) FROM etl.scrubbing)
    ) THEN
        RETURN;
    END IF;
    FOR mart IN
        SELECT matviewname
        FROM pg_matviews
        LEFT JOIN etl.repeatable ON name = 'materialized.' || matviewname
        WHERE schemaname = 'materialized'
        ORDER BY place, matviewname
    LOOP
        started := clock_timestamp();
        EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY materialized.%I', mart);
        EXECUTE format('SELECT count(*) FROM materialized.%I', mart) INTO rows;
        seconds := round(extract(epoch FROM clock_timestamp() - started), 1);
        RETURN NEXT;
    END LOOP;
END
$$
