-- Logins of analysts without a time-out, or with one of more than a day: each may change its own, for all who share it.
-- severity: warning
-- scope: all
WITH limited AS (
    SELECT login.rolname, parameter.name, told.value
    FROM pg_roles AS login
    CROSS JOIN (VALUES ('statement_timeout'), ('idle_in_transaction_session_timeout')) AS parameter (name)
    LEFT JOIN LATERAL (
        SELECT split_part(setting, '=', 2) AS value
        FROM pg_db_role_setting
        CROSS JOIN unnest(setconfig) AS setting
        WHERE split_part(setting, '=', 1) = parameter.name
          AND setrole IN (login.oid, 0)
          AND setdatabase IN ((SELECT oid FROM pg_database WHERE datname = current_database()), 0)
        -- As PostgreSQL prefers them.
        ORDER BY setrole = 0, setdatabase = 0
        LIMIT 1
    ) AS told ON true
    WHERE login.rolcanlogin AND NOT login.rolsuper AND pg_has_role(login.oid, 'bi_reader', 'USAGE')
)
SELECT count(DISTINCT rolname) AS observed,
       string_agg(format('%%s: %%s=%%s', rolname, name, coalesce(value, '0')), ', ' ORDER BY rolname, name) AS detail
FROM limited
WHERE CASE
    WHEN value ~ '^[0-9]{1,10}$' THEN value::bigint NOT BETWEEN 1 AND 86400000
    WHEN value ~ '^[0-9]{1,10} *(us|ms|s|min|h|d)$'
        THEN value::interval NOT BETWEEN interval '1 microsecond' AND interval '1 day'
    ELSE true
END
