-- Until the transaction ends nobody else writes a table that a foreign key refers to.
-- execute: warehouse_etl

-- Others may read, and check their own foreign keys, but not write, so that no member goes. In one order for everybody.
CREATE FUNCTION etl.lock_referenced_tables() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    referenced text;
BEGIN
    FOR referenced IN
        SELECT DISTINCT format('%I.%I', namespace.nspname, class.relname)
        FROM pg_constraint AS key
        JOIN pg_class AS class ON class.oid = key.confrelid
        JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
        WHERE key.contype = 'f' AND key.conparentid = 0 AND key.connamespace = 'public'::regnamespace
        ORDER BY 1
    LOOP
        EXECUTE 'LOCK TABLE ' || referenced || ' IN SHARE ROW EXCLUSIVE MODE';
    END LOOP;
END
$$
