-- Views by country: one row per country of the store, the ten most viewed by people
SELECT c.country_name AS "country",
       count(DISTINCT c.store_id) AS "stores",
       sum(f.views)::bigint AS "views"
FROM (SELECT country_key, sum(views) AS views FROM fact_daily_product_views WHERE NOT is_bot GROUP BY country_key) AS f
JOIN dim_store AS c USING (country_key)
GROUP BY c.country_name
ORDER BY "views" DESC, "country"
LIMIT 10;
