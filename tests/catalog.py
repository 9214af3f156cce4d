"""What a database's catalog says of the schemas that migrations make: one entry an object, comparable as a dict."""

import psycopg

OWN = "n.nspname IN ('public', 'etl', 'staging', 'identity', 'mart', 'materialized')"
# Objects of an extension belong to it, not to a revision.
FOREIGN = "SELECT FROM pg_depend AS d WHERE d.deptype = 'e' AND d.classid = '{}'::regclass AND d.objid = {}"


def privileges(granted: str, kind: str, owner: str) -> str:
    """A list of privileges, or the default where nothing was granted, in an order of its own."""
    return (
        "(SELECT string_agg(one::text, ',' ORDER BY one::text)"
        f' FROM unnest(coalesce({granted}, acldefault({kind}::"char", {owner}))) AS one)'
    )


RELATIONS = f"""
SELECT format('relation %s.%s', n.nspname, c.relname),
       concat_ws(' | ', c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.reloptions,
                 pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), pg_get_viewdef(c.oid),
                 obj_description(c.oid, 'pg_class'),
                 {privileges("c.relacl", "CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END", "c.relowner")})
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OWN} AND c.relkind <> 'i' AND c.relkind <> 'I' AND NOT EXISTS ({FOREIGN.format("pg_class", "c.oid")})
"""
COLUMNS = f"""
SELECT format('column %s.%s.%s', n.nspname, c.relname, a.attname),
       concat_ws(' | ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attacl,
                 pg_get_expr(f.adbin, f.adrelid), col_description(c.oid, a.attnum))
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE {OWN} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm')
"""
CONSTRAINTS = f"""
SELECT format('constraint %s of %s.%s', k.conname, n.nspname, c.relname), pg_get_constraintdef(k.oid)
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OWN}
"""
INDEXES = f"""
SELECT format('index %s.%s', n.nspname, c.relname), concat_ws(' | ', pg_get_indexdef(c.oid), c.reloptions)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OWN} AND c.relkind IN ('i', 'I')
"""
OTHERS = f"""
SELECT format('function %s.%s(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       concat_ws(' | ', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner), obj_description(p.oid, 'pg_proc'),
                 {privileges("p.proacl", "'f'", "p.proowner")})
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE {OWN} AND p.prokind IN ('f', 'p') AND NOT EXISTS ({FOREIGN.format("pg_proc", "p.oid")})
UNION ALL
SELECT format('trigger %s of %s', t.tgname, t.tgrelid::regclass), pg_get_triggerdef(t.oid)
FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE {OWN} AND NOT t.tgisinternal
UNION ALL
SELECT format('type %s.%s', n.nspname, t.typname), t.typtype::text
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE {OWN} AND t.typtype IN ('e', 'd', 'r') AND NOT EXISTS ({FOREIGN.format("pg_type", "t.oid")})
UNION ALL
SELECT format('schema %s', n.nspname),
       concat_ws(' | ', pg_get_userbyid(n.nspowner), obj_description(n.oid, 'pg_namespace'),
                 {privileges("n.nspacl", "'n'", "n.nspowner")})
FROM pg_namespace AS n WHERE {OWN}
UNION ALL
SELECT format('default privileges in %s of %s', n.nspname, d.defaclobjtype), d.defaclacl::text
FROM pg_default_acl AS d LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
UNION ALL
SELECT 'database', {privileges("datacl", "'d'", "datdba")} FROM pg_database WHERE datname = current_database()
"""


def catalog(connection: psycopg.Connection) -> dict[str, str]:
    """Definition, owner, comment and privileges of each table, view, column, constraint, index, function and schema."""
    found: dict[str, str] = {}
    for statement in (RELATIONS, COLUMNS, CONSTRAINTS, INDEXES, OTHERS):
        found.update(connection.execute(statement.encode()).fetchall())
    return found
