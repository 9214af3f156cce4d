-- Visitors a day: one row per day, people counted anew from the atomic fact, the fourteen up to the latest
SELECT d.date::text AS "day",
       count(DISTINCT e.visitor) AS "visitors (devices)",
       count(DISTINCT e.person) AS "persons",
       sum(e.views)::bigint AS "views"
FROM (
    SELECT date_key, visitor, person, count(*) AS views
    FROM fact_product_view_event
    WHERE date_key > (SELECT to_char(to_date(max(date_key)::text, 'YYYYMMDD') - 14, 'YYYYMMDD')::integer
                      FROM fact_product_views)
      AND NOT is_bot
    GROUP BY date_key, visitor, person
) AS e
JOIN dim_date AS d USING (date_key)
GROUP BY d.date
ORDER BY d.date DESC;
