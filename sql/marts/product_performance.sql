-- One row per month whose events are kept and product: from view to order.
-- identity: (SELECT coalesce(sum(views + bot_views), 0) FROM mart.product_performance)
--   = (SELECT count(*) FROM fact_product_view_event)
-- unique: month, product_key
-- month: First day of the month, in the business time zone
-- product_key: Product (dim_product); -1 is Unknown
-- product_id: The shop's id of the product
-- product_name: As dim_product has it now
-- category: As dim_product has it now
-- views: Product views by people
-- visitors: Visitors (devices) of people who viewed it; not to be summed over products or months
-- persons: Persons who viewed it; not to be summed over products or months
-- cart_additions: Times that people put it into a cart
-- cart_persons: Persons who put it into a cart
-- orders: Orders by people with the product
-- buyers: Persons who ordered it
-- items: Pieces ordered
-- cart_rate: Cart persons / persons; above 1 where a cart is filled without a view
-- conversion: Share of the persons who also ordered it in the month
-- bot_views: Product views by bots
CREATE MATERIALIZED VIEW materialized.product_performance AS
WITH viewed AS (
    SELECT month, product_key, sum(views) FILTER (WHERE NOT is_bot AND is_by_visitor) AS views,
           count(visitor) FILTER (WHERE NOT is_bot) AS visitors, count(person) FILTER (WHERE NOT is_bot) AS persons,
           sum(views) FILTER (WHERE is_bot AND is_by_visitor) AS bot_views
    FROM (
        SELECT month, product_key, is_bot, visitor, person, grouping(visitor) = 0 AS is_by_visitor, count(*) AS views
        FROM (
            SELECT date_key / 100 AS month, product_key, is_bot, visitor, person FROM fact_product_view_event
        ) AS viewed
        GROUP BY GROUPING SETS ((month, product_key, is_bot, visitor), (month, product_key, is_bot, person))
    ) AS visitor_month
    GROUP BY month, product_key
), carted AS (
    SELECT date_key / 100 AS month, product_key, count(*) AS cart_additions, count(DISTINCT person) AS cart_persons
    FROM fact_cart_event
    WHERE NOT is_bot
    GROUP BY date_key / 100, product_key
), ordered AS (
    SELECT purchase.date_key / 100 AS month, line.product_key, count(DISTINCT purchase.order_key) AS orders,
           count(DISTINCT purchase.person) AS buyers, sum(line.amount) AS items
    FROM fact_order AS purchase
    JOIN fact_order_line AS line USING (order_key)
    WHERE NOT purchase.is_bot
    GROUP BY purchase.date_key / 100, line.product_key
), converted AS (
    SELECT month, product_key, count(*) AS persons
    FROM (
        SELECT purchase.date_key / 100 AS month, line.product_key, purchase.person
        FROM fact_order AS purchase
        JOIN fact_order_line AS line USING (order_key)
        WHERE NOT purchase.is_bot
        INTERSECT
        SELECT date_key / 100, product_key, person FROM fact_product_view_event WHERE NOT is_bot
    ) AS buyer
    WHERE person IS NOT NULL
    GROUP BY month, product_key
)
SELECT to_date(month::text, 'YYYYMM') AS month, product_key, product.product_id, product.product_name, product.category,
       coalesce(viewed.views, 0)::bigint AS views, coalesce(viewed.visitors, 0) AS visitors,
       coalesce(viewed.persons, 0) AS persons,
       coalesce(carted.cart_additions, 0) AS cart_additions, coalesce(carted.cart_persons, 0) AS cart_persons,
       coalesce(ordered.orders, 0) AS orders, coalesce(ordered.buyers, 0) AS buyers,
       coalesce(ordered.items, 0) AS items,
       round(coalesce(carted.cart_persons, 0)::numeric / nullif(viewed.persons, 0), 4) AS cart_rate,
       round(coalesce(converted.persons, 0)::numeric / nullif(viewed.persons, 0), 4) AS conversion,
       coalesce(viewed.bot_views, 0)::bigint AS bot_views
FROM viewed
FULL JOIN carted USING (month, product_key)
FULL JOIN ordered USING (month, product_key)
LEFT JOIN converted USING (month, product_key)
JOIN dim_product AS product USING (product_key)
WHERE month >= etl.facts_kept_from() / 100
