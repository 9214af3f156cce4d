-- Rows of the tables that revision 0008 makes.
INSERT INTO dim_option (option_label, option_value) VALUES ('alloy', 'yellow-375');
INSERT INTO dim_option_group (option_group_hash, choices) VALUES (md5('alloy')::uuid, 'alloy: yellow-375');
INSERT INTO bridge_option_group VALUES (1, 1);
INSERT INTO fact_cart_event (
    event_id, event_time, date_key, product_key, option_group_key, country_key, referrer_key, device_key, is_bot,
    run_id, price, currency
)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e70', '2026-01-05 10:10Z', 20260105, 1, 1, 1, 1, 1, false, 1, 754.00, 'MXN');
INSERT INTO fact_order
VALUES ('0d0e0000-0000-4000-8000-000000000001', '4711', 'f523185f-406c-4bc8-9a0a-ea02de1b0e69', '2026-01-05 10:20Z',
        20260105, 1, 1, 1, '9b7c2f0e-0000-4000-8000-000000000001', false, 1, 1, 2, 1508.00, 'MXN');
INSERT INTO fact_order_line VALUES ('0d0e0000-0000-4000-8000-000000000001', 1, 1, 1, 2, 754.00, 'MXN');
INSERT INTO fact_search (
    event_id, event_time, date_key, country_key, referrer_key, device_key, is_bot, run_id, search_terms
)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e71', '2026-01-05 09:50Z', 20260105, 1, 1, 1, false, 1, 'anillo');
INSERT INTO fact_recommendation (
    event_id, event_time, date_key, product_key, recommended_product_key, country_key, referrer_key, device_key, is_bot,
    run_id, place, step, recommendation_position
)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e72', '2026-01-05 10:05Z', 20260105, 1, 2, 1, 1, 1, false, 1,
        'product_detail', 'clicked', 3);
INSERT INTO staging.option_group VALUES (md5('alloy')::uuid, '[{"alloy": "yellow-375"}]');
INSERT INTO staging.order_line (order_key, line_number) VALUES ('0d0e0000-0000-4000-8000-000000000001', 1);
