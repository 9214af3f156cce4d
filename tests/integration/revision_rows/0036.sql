-- Rows of the tables that revision 0036 makes.
INSERT INTO etl.feed_run (feed, time_zone, visitor_key) VALUES ('purchase-events', 'UTC', 'check');
INSERT INTO etl.feed_range (
    bus_topic, bus_partition, from_offset, to_offset, run_id, landed, loaded, duplicates, rejected, empty
)
VALUES ('purchase-events', 0, 0, 7, 1, 7, 6, 0, 1, 0);
INSERT INTO etl.rejected_feed_event (bus_topic, bus_partition, bus_offset, feed, field, rule, run_id)
VALUES ('purchase-events', 0, 1, 'purchase-events', 'price', 'minimum', 1);
INSERT INTO dim_user (user_hash, age_group, registered_at, date_key, event_id, bus_topic, bus_offset, run_id)
VALUES ('0c523185-f406-4bc8-9a0a-ea02de1b0e68', '25-34', '2026-01-05 10:00Z', 20260105,
        '0c523185-f406-4bc8-9a0a-ea02de1b0e01', 'user-events', 0, 1);
INSERT INTO fact_purchase VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e02', '2026-01-05 10:00Z', 20260105, 1, 'p1', 'Ring', 'home', 2.5, 2, 5,
    'purchase-events', 0, 0, 1
);
INSERT INTO fact_page_click VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e03', '2026-01-05 10:00Z', 20260105, 1, 'https://shop.example/', 'Desktop',
    'Chrome 81', 'Windows 10', false, 'Direct', NULL, NULL, 'click-events', 0, 0, 1
);
INSERT INTO fact_customer_event VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e04', '2026-01-05 10:00Z', 20260105, -1, 'view', 'home', '7', NULL, NULL, 'web',
    'customer-events', 0, 0, 1
);
INSERT INTO fact_session_step VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e05', '2026-01-05 10:00Z', 20260105, 1,
    '0c523185-f406-4bc8-9a0a-ea02de1b0e09', '/cart', 'view', 200, NULL, false, 'user_clickstream', 0, 0, 1
);
INSERT INTO fact_sensor_reading VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e06', '2026-01-05 10:00Z', 20260105, 'cold-room', 4.5, 60, 'sensor-readings', 0,
    0, 1
);
