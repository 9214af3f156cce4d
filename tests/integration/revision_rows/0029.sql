-- Rows of the tables that revision 0029 makes, beside the views that it counts.
INSERT INTO fact_daily_product_views VALUES (20260106, 1, 1, 'Search Engine', 'Desktop', false, 3);
INSERT INTO exchange_rate (currency, rate_date, rate, reporting_currency)
VALUES ('MXN', '2026-01-05', 0.049, 'EUR'), ('EUR', '2015-01-01', 1, 'EUR');
-- The order's page, loaded again five hours later, in a session of its own.
INSERT INTO fact_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, visitor, session_id,
    person, order_key, date_key, bus_partition, kind_key, is_bot, bus_topic, page, order_id
)
SELECT 'f523185f-406c-4bc8-9a0a-ea02de1b0e7a', '2026-01-05 15:20Z', -2, country_key, referrer_key, device_key, 9, run_id,
       visitor, md5(concat(visitor, '20260105152000000000'))::uuid, person, order_key, date_key, bus_partition,
       kind_key, is_bot, bus_topic, page, order_id
FROM fact_event
WHERE event_id = 'f523185f-406c-4bc8-9a0a-ea02de1b0e69';
INSERT INTO fact_session (
    session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key, device_key,
    entry_page, exit_page, events, views, distinct_products, reached_cart, reached_checkout, reached_order, is_bot,
    chain_started_at, seconds_to_order
)
SELECT session_id, visitor, person, event_time, event_time, 0, date_key, country_key, referrer_key, device_key, page, page,
       1, 0, 0, false, false, true, is_bot, event_time, 0
FROM fact_event
WHERE event_id = 'f523185f-406c-4bc8-9a0a-ea02de1b0e7a';
INSERT INTO etl.definition (name, run_id, value) SELECT 'version', run_id, '1' FROM etl.definition;
