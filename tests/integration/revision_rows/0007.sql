-- Rows of the tables that revision 0007 makes; the revision itself fills dim_event_kind and copies the views.
INSERT INTO fact_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, visitor, order_key,
    date_key, bus_partition, kind_key, is_bot, bus_topic, page, order_id
)
SELECT 'f523185f-406c-4bc8-9a0a-ea02de1b0e69', '2026-01-05 10:20Z', -1, 1, 1, 1, 2, 1,
       '9b7c2f0e-0000-4000-8000-000000000001', '0d0e0000-0000-4000-8000-000000000001', 20260105, 0, kind_key, false,
       'product_views', 'www.shop.example.com.mx/checkout/success', '4711'
FROM dim_event_kind
WHERE kind = 'checkout_success';
INSERT INTO etl.run (status, mode, from_date, to_date) VALUES ('finished', 'days', '2026-01-05', '2026-01-05');
INSERT INTO etl.rejected_event
VALUES ('product_views', 0, 8, 'impossible_price', 'price', '-1', '{}', 1, 'add_to_cart_action', '2026-01-05');
INSERT INTO staging.event (event_id, kind) VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e69', 'checkout_success');
INSERT INTO staging.resolved_event (event_id, kind_key) VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e69', 1);
INSERT INTO staging.removed_event (event_id) VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e69');
INSERT INTO staging.removed_rejection VALUES ('product_views', 0, 8);
