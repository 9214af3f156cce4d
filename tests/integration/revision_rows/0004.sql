-- Rows of the tables that revision 0004 makes, in a month's partition: the default one stays empty.
SELECT etl.ensure_month_partition('2026-01-05');
INSERT INTO fact_product_view_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, visitor, date_key,
    bus_partition, is_bot, bus_topic, utm_source, utm_medium, options
)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e67', '2026-01-05 10:00Z', 1, 1, 1, 1, 0, 1,
        '9b7c2f0e-0000-4000-8000-000000000001', 20260105, 0, false, 'product_views', 'newsletter', 'email',
        '[{"option_label": "alloy", "value_label": "yellow-375"}]'),
       ('f523185f-406c-4bc8-9a0a-ea02de1b0e68', '2026-01-05 11:00Z', -1, -1, -1, -1, 1, 1,
        NULL, 20260105, 0, true, 'product_views', NULL, NULL, NULL);
INSERT INTO fact_product_views
SELECT date_key, product_key, country_key, referrer_key, device_key, 1, count(visitor), event_time, event_time, 0,
       event_time, '2026-01-06 00:00Z'
FROM fact_product_view_event
GROUP BY event_id, date_key;
