-- Collects the planner's statistics of staging tables.
-- execute: warehouse_etl

-- Only a table's owner may ANALYZE it, which the ETL is not; without statistics the load joins a million rows badly.
CREATE FUNCTION etl.analyze_staging(table_names text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY table_names LOOP
        EXECUTE format('ANALYZE staging.%I', table_name);
    END LOOP;
END
$$
