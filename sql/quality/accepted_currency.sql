-- Prices of carts and orders in a currency that is no ISO 4217 code.
-- severity: error
SELECT coalesce(sum(prices), 0) AS observed, string_agg(DISTINCT example, ', ') AS detail
FROM (
    SELECT count(*) AS prices, min(currency) AS example
    FROM fact_cart_event
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND currency !~ '^[A-Z]{3}$'
    UNION ALL
    SELECT count(*), min(currency)
    FROM fact_order
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND currency !~ '^[A-Z]{3}$'
    UNION ALL
    SELECT sum(cart.prices), min(cart.example)
    FROM fact_order
    CROSS JOIN LATERAL (
        SELECT count(*) AS prices, min(currency) AS example
        FROM fact_order_line AS line
        WHERE line.order_key = fact_order.order_key AND currency !~ '^[A-Z]{3}$'
    ) AS cart
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
) AS odd
