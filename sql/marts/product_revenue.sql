-- One row per month, audience, product and currency in which it was ordered.
-- identity: (SELECT coalesce(sum(items), 0) FROM mart.product_revenue)
--   = (SELECT coalesce(sum(amount), 0) FROM fact_order_line)
-- month: First day of the month, in the business time zone
-- audience: people, or bots: orders whose user agent is a robot's or whose referrer is spam
-- product_key: Product (dim_product); -1 is Unknown
-- product_id: The shop's id of the product
-- product_name: As dim_product has it now
-- category: As dim_product has it now
-- currency: ISO 4217, or Unknown
-- orders: Orders with the product; not to be summed over products
-- items: Pieces ordered
-- items_without_price: Of these, pieces that revenue lacks, their price being unknown
-- revenue: Sum of amount x price, in currency; null where that is Unknown: unlike currencies are not added
-- reporting_currency: ISO 4217; null where no rate of any of the days or before is known
-- reporting_revenue: Revenue in reporting_currency, not rounded, of what was ordered on days with a rate of that day or
--   before; may be summed over currencies
-- items_without_rate: Pieces that revenue has and reporting_revenue lacks
CREATE VIEW mart.product_revenue AS
SELECT date_trunc('month', day.date::timestamp)::date AS month,
       CASE WHEN purchase.is_bot THEN 'bots' ELSE 'people' END AS audience, line.product_key, product.product_id,
       product.product_name, product.category, coalesce(line.currency, 'Unknown') AS currency,
       count(DISTINCT purchase.order_key) AS orders, sum(line.amount) AS items,
       coalesce(sum(line.amount) FILTER (WHERE line.price IS NULL), 0) AS items_without_price,
       sum(line.amount * line.price) FILTER (WHERE line.currency IS NOT NULL) AS revenue,
       min(known.reporting_currency) AS reporting_currency,
       sum(line.amount * line.price * known.rate) AS reporting_revenue,
       coalesce(sum(line.amount) FILTER (
           WHERE line.price IS NOT NULL AND line.currency IS NOT NULL AND known.rate IS NULL
       ), 0) AS items_without_rate
FROM fact_order_line AS line
JOIN fact_order AS purchase USING (order_key)
JOIN dim_date AS day USING (date_key)
JOIN dim_product AS product ON product.product_key = line.product_key
LEFT JOIN LATERAL (
    SELECT rate, reporting_currency
    FROM exchange_rate
    WHERE exchange_rate.currency = line.currency AND exchange_rate.rate_date <= day.date
    ORDER BY rate_date DESC
    LIMIT 1
) AS known ON true
GROUP BY 1, 2, line.product_key, product.product_id, product.product_name, product.category, 7
