-- One row per day, product, country, referrer and device.
CREATE TABLE fact_product_views AS
SELECT date_key, product_key, country_key, referrer_key, device_key, count(*) AS view_count,
       count(DISTINCT visitor) AS unique_visitors, min(event_time) AS first_view_time, max(event_time) AS last_view_time,
       epoch(max(event_time) - min(event_time)) AS view_duration_seconds, avg(epoch(event_time)) AS avg_view_seconds
FROM fact_product_view_event
GROUP BY ALL
