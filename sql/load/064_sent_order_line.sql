-- One row per line of the cart of each event that tells of an order and is new to the warehouse.
INSERT INTO etl.sent_order_line (
    event_id, line_number, date_key, product_key, option_group_key, amount, price, currency, currency_sent
)
SELECT line.event_id, line.line_number, event.date_key, coalesce(product.product_key, -1),
       coalesce(chosen.option_group_key, -2), line.amount, line.price, line.currency, line.currency_sent
FROM staging.order_line AS line
JOIN staging.resolved_event AS event USING (event_id)
LEFT JOIN dim_product AS product USING (product_id)
LEFT JOIN dim_option_group AS chosen ON chosen.option_group_hash = line.option_group_hash
ON CONFLICT (event_id, line_number) DO NOTHING
