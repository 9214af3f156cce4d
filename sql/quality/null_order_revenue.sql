-- Share of orders without a revenue or a single currency.
-- severity: warning
-- bound: 10 percent
SELECT round(100.0 * found / nullif(orders, 0), 3) AS observed, format('%%s of %%s orders', found, orders) AS detail
FROM (
    SELECT count(*) AS orders, count(*) FILTER (WHERE revenue IS NULL OR currency IS NULL) AS found
    FROM fact_order
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS counted
