-- One row per function of schema mart: its arguments, what it returns and its comment.
SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), obj_description(p.oid, 'pg_proc')
FROM pg_proc AS p
WHERE p.pronamespace = 'mart'::regnamespace
ORDER BY p.proname
