-- Views by referrer type: one row per type of the page that led to the product
SELECT r.referrer_type AS "referrer type",
       count(DISTINCT r.referrer_domain) AS "domains",
       sum(f.views)::bigint AS "views"
FROM (SELECT referrer_key, sum(view_count) AS views FROM fact_product_views GROUP BY referrer_key) AS f
JOIN dim_referrer AS r USING (referrer_key)
GROUP BY r.referrer_type
ORDER BY "views" DESC, "referrer type";
