-- Rows of the staging tables that revision 0005 makes.
INSERT INTO staging.product_view (event_id, product_id) VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e67', '86704');
INSERT INTO staging.product (product_id, price) VALUES ('86704', 754);
INSERT INTO staging.store (store_id, country_code) VALUES ('62', 'MX');
INSERT INTO staging.referrer (referrer_url) VALUES ('www.google.com');
INSERT INTO staging.device (device_id) VALUES ('02928c22-a423-4164-a7b4-f597f5a3580b');
INSERT INTO staging.user_agent (browser_info, is_bot) VALUES ('Chrome 81', false);
INSERT INTO staging.rejected_event VALUES ('product_views', 0, 7, 'no_usable_time', 'time_stamp', 'soon', '{}');
INSERT INTO staging.resolved_view (event_id, options) VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e67', '[]');
INSERT INTO staging.loaded_partition VALUES (1, 'product_view', 0, 1);
