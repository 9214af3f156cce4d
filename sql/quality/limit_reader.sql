-- Logins of analysts that have switched off their own time-out: whoever may log in may change it, for all who share it.
-- severity: warning
-- scope: all
SELECT count(DISTINCT rolname) AS observed, string_agg(rolname || ': ' || parameter, ', ') AS detail
FROM pg_roles
CROSS JOIN unnest(rolconfig) AS parameter
WHERE rolcanlogin AND NOT rolsuper AND pg_has_role(oid, 'bi_reader', 'MEMBER')
  AND parameter ~ '^(statement_timeout|idle_in_transaction_session_timeout)=0[a-z]*$'
