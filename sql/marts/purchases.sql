-- One row per day and category with purchases of the feed purchase-events.
-- identity: (SELECT coalesce(sum(purchases), 0) FROM mart.purchases) = (SELECT count(*) FROM fact_purchase)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- category: electronics, clothing, books or home
-- purchases: Purchases of a product
-- quantity: Pieces bought
-- revenue: Price of all pieces, in the shop's currency; not of the orders of fact_order, which another feed tells
-- buyers: Distinct users who bought; not to be summed over categories or days
CREATE VIEW mart.purchases AS
SELECT date_key, day.date, category, count(*) AS purchases, sum(quantity) AS quantity, sum(total_amount) AS revenue,
       count(DISTINCT nullif(user_key, -1)) AS buyers
FROM fact_purchase
JOIN dim_date AS day USING (date_key)
GROUP BY date_key, day.date, category
