-- Unique visitors a day: one row per day, visitors counted anew from the atomic fact, the latest fourteen
SELECT d.date::text AS "day",
       count(DISTINCT e.visitor) AS "unique visitors",
       count(*) AS "views"
FROM fact_product_view_event AS e
JOIN dim_date AS d USING (date_key)
GROUP BY d.date
ORDER BY d.date DESC
LIMIT 14;
