-- Views by device: one row per type of device that the view was sent from and whether it was a robot's
SELECT device_type AS "device",
       is_bot AS "bot",
       sum(views)::bigint AS "views"
FROM fact_daily_product_views
GROUP BY device_type, is_bot
ORDER BY "views" DESC, "device";
