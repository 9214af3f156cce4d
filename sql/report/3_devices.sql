-- Views by device: one row per type of device and whether it is a robot
SELECT d.device_type AS "device",
       d.is_bot AS "bot",
       count(DISTINCT f.device_key) AS "devices",
       sum(f.view_count)::bigint AS "views"
FROM fact_product_views AS f
JOIN dim_device AS d USING (device_key)
GROUP BY d.device_type, d.is_bot
ORDER BY "views" DESC, "device";
