-- Top products: one row per product, the ten most viewed
SELECT p.product_id AS "product id",
       p.product_name AS "product",
       p.category AS "category",
       sum(f.view_count)::bigint AS "views"
FROM fact_product_views AS f
JOIN dim_product AS p USING (product_key)
GROUP BY p.product_key, p.product_id, p.product_name, p.category
ORDER BY "views" DESC, "product id"
LIMIT 10;
