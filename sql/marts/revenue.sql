-- One row per day, audience, country and currency with an order.
-- identity: (SELECT coalesce(sum(orders), 0) FROM mart.revenue) = (SELECT count(*) FROM fact_order)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- audience: people, or bots: orders whose user agent is a robot's or whose referrer is spam
-- country_name: Country of the store, International or Unknown
-- currency: ISO 4217; Unknown where the lines of an order have several or none
-- orders: Orders
-- items: Pieces ordered
-- orders_without_revenue: Of these, orders that revenue lacks, the price of some line being unknown
-- revenue: Sum over the orders, in currency
-- revenue_per_order: Revenue / orders that have one
CREATE VIEW mart.revenue AS
SELECT purchase.date_key, day.date, CASE WHEN purchase.is_bot THEN 'bots' ELSE 'people' END AS audience,
       coalesce(store.country_name, 'Unknown') AS country_name,
       coalesce(purchase.currency, 'Unknown') AS currency, count(*) AS orders, sum(purchase.items)::bigint AS items,
       count(*) FILTER (WHERE purchase.revenue IS NULL) AS orders_without_revenue,
       sum(purchase.revenue) AS revenue, round(avg(purchase.revenue), 2) AS revenue_per_order
FROM fact_order AS purchase
JOIN dim_date AS day USING (date_key)
JOIN dim_store AS store USING (country_key)
GROUP BY purchase.date_key, day.date, 3, 4, 5
