-- Drops a month of the facts of single events, and counts it.
-- execute: warehouse_etl

-- `expected` holds the rows of each table as the caller saw them, archived them, and wants them gone: a different
-- number stops it.
CREATE FUNCTION etl.remove_month(month date, expected jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    first_key integer := to_char(first_day, 'YYYYMMDD')::integer;
    next_key integer := to_char(first_day + interval '1 month', 'YYYYMMDD')::integer;
    -- Facts with a row an event of the main feed, which the caller knows by their declarations: they alone have all four
    -- columns. Those of other feeds are not removed by month.
    facts text[] := ARRAY(
        SELECT class.relname::text
        FROM pg_class AS class
        WHERE class.relnamespace = 'public'::regnamespace AND class.relkind IN ('r', 'p') AND NOT class.relispartition
          AND class.relname LIKE 'fact\_%'
          AND (
              SELECT count(*) = 4 FROM pg_attribute
              WHERE attrelid = class.oid AND attname IN ('event_id', 'date_key', 'run_id', 'visitor') AND NOT attisdropped
          )
        ORDER BY class.relname
    );
    fact text;
    partition_name text;
    found bigint;
BEGIN
    FOREACH fact IN ARRAY facts LOOP
        EXECUTE format('SELECT count(*) FROM public.%I WHERE date_key >= $1 AND date_key < $2', fact)
        INTO found USING first_key, next_key;
        IF found IS DISTINCT FROM (expected ->> fact)::bigint THEN
            RAISE EXCEPTION '% has % rows of %, not %', fact, found, to_char(first_day, 'YYYY-MM'), expected ->> fact;
        END IF;
    END LOOP;
    INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, orders, views)
    SELECT 'facts', bus_topic, bus_partition, first_day, event.rows, event.with_visitor, event.orders,
           coalesce(viewed.rows, 0)
    FROM (
        SELECT bus_topic, bus_partition, count(*) AS rows, count(visitor) AS with_visitor,
               count(order_key) AS orders
        FROM public.fact_event
        WHERE date_key >= first_key AND date_key < next_key
        GROUP BY bus_topic, bus_partition
    ) AS event
    LEFT JOIN (
        SELECT bus_topic, bus_partition, count(*) AS rows
        FROM public.fact_product_view_event
        WHERE date_key >= first_key AND date_key < next_key
        GROUP BY bus_topic, bus_partition
    ) AS viewed USING (bus_topic, bus_partition);
    FOREACH fact IN ARRAY facts LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF NOT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = format('public.%I', fact)::regclass) THEN
            EXECUTE format('DELETE FROM public.%I WHERE date_key >= $1 AND date_key < $2', fact)
            USING first_key, next_key;
        ELSIF to_regclass(format('public.%I', partition_name)) IS NOT NULL THEN
            EXECUTE format('ALTER TABLE public.%I DETACH PARTITION public.%I', fact, partition_name);
            EXECUTE format('DROP TABLE public.%I', partition_name);
        END IF;
    END LOOP;
END
$$
