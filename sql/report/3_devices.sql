-- Views by device: one row per type of device and whether it is a robot
SELECT d.device_type AS "device",
       d.is_bot AS "bot",
       count(*) AS "devices",
       sum(f.views)::bigint AS "views"
FROM (SELECT device_key, sum(view_count) AS views FROM fact_product_views GROUP BY device_key) AS f
JOIN dim_device AS d USING (device_key)
GROUP BY d.device_type, d.is_bot
ORDER BY "views" DESC, "device";
