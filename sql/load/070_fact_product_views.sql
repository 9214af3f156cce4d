-- One row per day, product, country, referrer and device that a view of the run belongs to, computed from all its views.
INSERT INTO fact_product_views (
    date_key, product_key, country_key, referrer_key, device_key, view_count, unique_visitors, first_view_time,
    last_view_time, view_duration_seconds, avg_view_timestamp, processed_at
)
SELECT date_key, product_key, country_key, referrer_key, device_key,
       count(*), count(DISTINCT visitor), min(event_time), max(event_time),
       extract(epoch FROM max(event_time) - min(event_time)),
       to_timestamp(avg(extract(epoch FROM event_time))), now()
FROM fact_product_view_event
JOIN (
    SELECT DISTINCT date_key, product_key, country_key, referrer_key, device_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched USING (date_key, product_key, country_key, referrer_key, device_key)
WHERE date_key = ANY(%(days)s)
GROUP BY date_key, product_key, country_key, referrer_key, device_key
ON CONFLICT (date_key, product_key, country_key, referrer_key, device_key) DO UPDATE
SET view_count = excluded.view_count,
    unique_visitors = excluded.unique_visitors,
    first_view_time = excluded.first_view_time,
    last_view_time = excluded.last_view_time,
    view_duration_seconds = excluded.view_duration_seconds,
    avg_view_timestamp = excluded.avg_view_timestamp,
    processed_at = excluded.processed_at
