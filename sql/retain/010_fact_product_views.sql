-- One row per day before the first kept one, product, country and referrer: its devices in one row, visitors counted
-- anew from the events that are about to go; of days whose events are gone already the sum over devices, the most that
-- they can be.
WITH merged AS (
    DELETE FROM fact_product_views AS daily
    USING (
        SELECT DISTINCT date_key, product_key, country_key, referrer_key
        FROM fact_product_views
        WHERE date_key < %(kept_from)s AND device_key <> -1
    ) AS by_device
    WHERE (daily.date_key, daily.product_key, daily.country_key, daily.referrer_key)
        = (by_device.date_key, by_device.product_key, by_device.country_key, by_device.referrer_key)
    RETURNING daily.*
), seen AS (
    SELECT date_key, product_key, country_key, referrer_key, count(DISTINCT visitor) AS visitors
    FROM fact_product_view_event
    WHERE date_key < %(kept_from)s
    GROUP BY date_key, product_key, country_key, referrer_key
)
INSERT INTO fact_product_views (
    date_key, product_key, country_key, referrer_key, device_key, view_count, unique_visitors, first_view_time,
    last_view_time, view_duration_seconds, avg_view_timestamp, processed_at
)
SELECT date_key, product_key, country_key, referrer_key, -1, sum(view_count),
       coalesce(max(seen.visitors), sum(unique_visitors)), min(first_view_time), max(last_view_time), 0,
       min(first_view_time), now()
FROM merged
LEFT JOIN seen USING (date_key, product_key, country_key, referrer_key)
GROUP BY date_key, product_key, country_key, referrer_key
