-- One row per day, audience, country and currency with an order.
-- identity: (SELECT (coalesce(sum(orders), 0)::bigint, coalesce(sum(items), 0)) FROM mart.revenue)
--   = (SELECT (count(*), coalesce(sum(items), 0)) FROM fact_order)
--   AND (SELECT sum(reporting_revenue) FROM mart.revenue)
--   IS NOT DISTINCT FROM (SELECT sum(reporting_revenue) FROM mart.order_revenue)
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
-- reporting_currency: ISO 4217; null where no rate of the day or before is known
-- reporting_revenue: Revenue in reporting_currency, not rounded; may be summed over currencies
-- orders_without_rate: Orders that revenue has and reporting_revenue lacks, no rate of the day or before being known
CREATE VIEW mart.revenue AS
SELECT date_key, date, audience, country_name, coalesce(currency, 'Unknown') AS currency, count(*) AS orders,
       sum(items) AS items, count(*) FILTER (WHERE revenue IS NULL) AS orders_without_revenue,
       sum(revenue) AS revenue, round(avg(revenue), 2) AS revenue_per_order,
       min(reporting_currency) AS reporting_currency, sum(reporting_revenue) AS reporting_revenue,
       count(*) FILTER (WHERE revenue IS NOT NULL AND reporting_revenue IS NULL) AS orders_without_rate
FROM mart.order_revenue
GROUP BY date_key, date, audience, country_name, 5
