-- Share of the known kinds' events that broke a rule: a feed that changed its form is rejected, not loaded.
-- severity: warning
-- bound: 5 percent
SELECT round(100.0 * rejected / nullif(events, 0), 3) AS observed,
       rejected || ' of ' || events || ' events'
           || CASE WHEN rejected > 0 THEN coalesce(': ./millrace rejected --run ' || %(run_id)s::bigint,
                                                   ': ./millrace rejected') ELSE '' END AS detail
FROM (
    SELECT sum(events) AS events, sum(rejected) AS rejected
    FROM etl.run_range
    WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
) AS counted
