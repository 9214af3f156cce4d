-- Prices of carts and orders in a currency that is no ISO 4217 code.
-- severity: error
SELECT count(*) AS observed, string_agg(DISTINCT currency, ', ') AS detail
FROM (
    SELECT date_key, currency FROM fact_cart_event
    UNION ALL
    SELECT date_key, currency FROM fact_order
    UNION ALL
    SELECT date_key, line.currency FROM fact_order JOIN fact_order_line AS line USING (order_key)
) AS priced
WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
    AND currency !~ '^[A-Z]{3}$'
