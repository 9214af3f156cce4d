-- One row per line of a touched order, from the event whose cart it has.
INSERT INTO fact_order_line (
    order_key, line_number, product_key, option_group_key, amount, price, currency, currency_sent,
    product_version_key
)
SELECT order_key, line.line_number, line.product_key, line.option_group_key, line.amount, line.price, line.currency,
       line.currency_sent, coalesce(version.product_version_key, -1)
FROM staging.touched_order
JOIN fact_order AS purchase USING (order_key)
JOIN etl.sent_order_line AS line ON line.event_id = purchase.cart_event_id
LEFT JOIN dim_product_version AS version
    ON version.product_key = line.product_key
    AND version.valid_from <= purchase.event_time
    AND version.valid_to > purchase.event_time
