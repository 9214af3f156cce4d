-- Top products: one row per product, the ten most viewed by people
SELECT p.product_id AS "product id",
       p.product_name AS "product",
       p.category AS "category",
       f.views AS "views"
FROM (SELECT product_key, sum(views)::bigint AS views FROM fact_daily_product_views WHERE NOT is_bot GROUP BY product_key) AS f
JOIN dim_product AS p USING (product_key)
ORDER BY "views" DESC, "product id"
LIMIT 10;
