-- Age of the newest event.
-- severity: warning
-- bound: 48 hours
-- scope: all
SELECT round(extract(epoch FROM now() - newest) / 3600, 1) AS observed,
       'newest event at ' || to_char(newest AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') AS detail
FROM (
    SELECT max(event_time) AS newest FROM fact_event WHERE date_key >= (SELECT max(date_key) FROM fact_product_views)
) AS events
