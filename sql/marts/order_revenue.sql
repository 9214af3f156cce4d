-- One row per order: its revenue as sent, and in the reporting currency by the rate of its day or the newest before it.
-- identity: (SELECT count(*) FROM mart.order_revenue) = (SELECT count(*) FROM fact_order)
-- order_key: Order (fact_order)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- audience: people, or bots: orders whose user agent is a robot's or whose referrer is spam
-- country_key: Store, and its country (dim_store)
-- country_name: Country of the store, International or Unknown
-- items: Pieces ordered
-- currency: ISO 4217; null where the lines have several or none
-- revenue: In currency; null where revenue_missing of fact_order says why
-- reporting_currency: ISO 4217; null where no rate of the day or before is known
-- exchange_rate: What one unit of currency is worth in reporting_currency
-- rate_date: Day of that rate
-- reporting_revenue: Revenue x exchange_rate, not rounded; null where either is
CREATE VIEW mart.order_revenue AS
SELECT purchase.order_key, purchase.date_key, day.date,
       CASE WHEN purchase.is_bot THEN 'bots' ELSE 'people' END AS audience, purchase.country_key,
       coalesce(store.country_name, 'Unknown') AS country_name, purchase.items, purchase.currency, purchase.revenue,
       known.reporting_currency, known.rate AS exchange_rate, known.rate_date,
       purchase.revenue * known.rate AS reporting_revenue
FROM fact_order AS purchase
JOIN dim_date AS day USING (date_key)
JOIN dim_store AS store USING (country_key)
LEFT JOIN LATERAL (
    SELECT rate, rate_date, reporting_currency
    FROM exchange_rate
    WHERE exchange_rate.currency = purchase.currency AND exchange_rate.rate_date <= day.date
    ORDER BY rate_date DESC
    LIMIT 1
) AS known ON true
