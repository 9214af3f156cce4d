-- One row per column of the tables and views that analysts see, in the order that a client shows; no partitions. A mart
-- that is computed ahead has the kind and the keys of what it shows.
SELECT n.nspname AS schema, c.relname AS relation, coalesce(kept.relkind, c.relkind)::text AS kind,
       obj_description(c.oid, 'pg_class') AS grain,
       a.attname AS name, replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') AS type,
       array(
           SELECT DISTINCT CASE
               WHEN i.indisprimary THEN 'primary'
               WHEN i.indnkeyatts = 1 THEN 'unique'
               ELSE 'unique together'
           END
           FROM pg_index AS i
           WHERE i.indrelid IN (c.oid, kept.oid) AND i.indisunique AND a.attnum = ANY(i.indkey)
           ORDER BY 1
       ) AS keys,
       array(
           SELECT DISTINCT k.confrelid::regclass::text
           FROM pg_constraint AS k
           WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid AND a.attnum = ANY(k.conkey)
           ORDER BY 1
       ) AS targets,
       col_description(c.oid, a.attnum) AS meaning
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_class AS kept
    ON kept.relname = c.relname AND kept.relkind = 'm' AND n.nspname = 'mart'
    AND kept.relnamespace = 'materialized'::regnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname IN ('public', 'mart') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
ORDER BY n.nspname, c.relname, a.attnum
