-- One row per view of the star, view or function of schema mart, and table or view that it reads; a mart that is
-- computed ahead reads what it was computed from.
SELECT DISTINCT definition.name, read.relname
FROM (
    SELECT 'pg_rewrite'::regclass AS catalog, r.oid, c.relname AS name, c.relnamespace AS schema
    FROM pg_rewrite AS r
    JOIN pg_class AS c ON c.oid = r.ev_class
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, proname, pronamespace FROM pg_proc
) AS definition
JOIN pg_depend AS d ON d.classid = definition.catalog AND d.objid = definition.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class AS read ON read.oid = d.refobjid AND read.relkind IN ('r', 'p', 'v', 'm')
WHERE definition.schema IN ('mart'::regnamespace, 'public'::regnamespace, 'materialized'::regnamespace)
  AND read.relname <> definition.name
ORDER BY definition.name, read.relname
