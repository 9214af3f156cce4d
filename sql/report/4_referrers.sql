-- Views by referrer type: one row per type of the page that led people to the product
SELECT referrer_type AS "referrer type",
       sum(views)::bigint AS "views"
FROM fact_daily_product_views
WHERE NOT is_bot
GROUP BY referrer_type
ORDER BY "views" DESC, "referrer type";
