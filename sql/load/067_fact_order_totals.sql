-- One row per order that an event of the run tells of, with the sums of its lines.
UPDATE fact_order AS known
SET lines = total.lines, items = total.items, revenue = total.revenue, currency = total.currency
FROM (
    SELECT order_key, count(*) AS lines, sum(amount) AS items,
           CASE WHEN count(price) = count(*) AND count(DISTINCT currency) <= 1 THEN sum(amount * price) END AS revenue,
           CASE WHEN count(currency) = count(*) AND count(DISTINCT currency) = 1 THEN min(currency) END AS currency
    FROM fact_order_line
    JOIN (SELECT DISTINCT order_key FROM staging.order_line) AS staged USING (order_key)
    GROUP BY order_key
) AS total
WHERE known.order_key = total.order_key
