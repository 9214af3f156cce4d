-- Rows of the default partitions of the atomic facts: the ETL makes each month's partition ahead.
-- severity: error
SELECT events + views AS observed, format('%%s events, %%s product views', events, views) AS detail
FROM (SELECT count(*) AS events FROM fact_event_default) AS of_events
CROSS JOIN (SELECT count(*) AS views FROM fact_product_view_event_default) AS of_views
