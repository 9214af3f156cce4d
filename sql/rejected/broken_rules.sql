-- One row per rule and field that rejected events broke, of one run (that judged them last) or of all.
SELECT rule, field, count(*) AS events
FROM etl.rejected_event
WHERE (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
GROUP BY rule, field
ORDER BY events DESC, rule, field
