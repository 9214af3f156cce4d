-- Events that the sessions count against those of fact_event with a visitor and those removed since: the difference.
-- severity: error
-- scope: all
SELECT abs(counted - events) AS observed, format('%%s counted, %%s rows', counted, events) AS detail
FROM (SELECT coalesce(sum(events), 0) AS counted FROM fact_session) AS sessions
CROSS JOIN (
    SELECT count(*) + (SELECT coalesce(sum(with_visitor), 0) FROM etl.removed WHERE what = 'facts') AS events
    FROM fact_event
    WHERE visitor IS NOT NULL
) AS fact
