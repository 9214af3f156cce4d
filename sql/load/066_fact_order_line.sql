-- One row per line of an order that is new to the warehouse: the cart is part of an order's identity.
INSERT INTO fact_order_line (order_key, line_number, product_key, option_group_key, amount, price, currency)
SELECT line.order_key, line.line_number, coalesce(product.product_key, -1), coalesce(chosen.option_group_key, -1),
       line.amount, line.price, etl.iso_currency(line.currency, store.currency)
FROM staging.order_line AS line
JOIN fact_order AS known USING (order_key)
JOIN dim_country AS store USING (country_key)
LEFT JOIN dim_product AS product USING (product_id)
LEFT JOIN dim_option_group AS chosen USING (option_group_hash)
ON CONFLICT DO NOTHING
