-- One row per rule and field that rejected events of a feed beside the main one broke, of one run or of all.
SELECT rule, field, count(*) AS events
FROM etl.rejected_feed_event
WHERE feed = %(feed)s AND (%(run_id)s::bigint IS NULL OR run_id = %(run_id)s)
GROUP BY rule, field
ORDER BY events DESC, rule, field
