-- Orders whose lines, pieces or revenue are not those of their rows in fact_order_line.
-- severity: error
SELECT count(*) AS observed, string_agg(order_key::text, ', ') FILTER (WHERE place <= 3) AS detail
FROM (
    SELECT order_key, row_number() OVER () AS place
    FROM fact_order
    LEFT JOIN LATERAL (
        SELECT count(*) AS lines, coalesce(sum(amount), 0) AS items, sum(amount * price) AS revenue
        FROM fact_order_line AS line
        WHERE line.order_key = fact_order.order_key
    ) AS cart ON true
    WHERE (%(days)s::integer[] IS NULL OR date_key = ANY(%(days)s))
        AND (
            (fact_order.lines, fact_order.items) <> (cart.lines, cart.items)
            OR fact_order.revenue <> cart.revenue
        )
) AS differing
