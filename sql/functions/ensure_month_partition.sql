-- Makes the partition of a month; false if it exists.
-- execute: warehouse_etl

-- Partitions are bounded by date_key, so a month is a month of the business time zone. Runs as its owner: the ETL may
-- have partitions made, but owns none.
-- A partition made by itself and then attached locks the fact against other changes of its shape only.
CREATE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    next_month date := (first_day + interval '1 month')::date;
    fact text;
    partition_name text;
    is_new boolean := false;
BEGIN
    FOREACH fact IN ARRAY ARRAY['fact_event', 'fact_product_view_event'] LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL EXCLUDING COMMENTS)', partition_name, fact);
            EXECUTE format(
                'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%s) TO (%s)',
                fact, partition_name, to_char(first_day, 'YYYYMMDD'), to_char(next_month, 'YYYYMMDD'));
            EXECUTE format(
                'COMMENT ON TABLE public.%I IS %L', partition_name, 'Month ' || to_char(first_day, 'YYYY-MM'));
            is_new := true;
        END IF;
    END LOOP;
    RETURN is_new;
END
$$
