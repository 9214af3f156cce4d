-- Rows of the tables that revision 0019 makes.
INSERT INTO etl.sent_order_line (event_id, line_number, date_key, product_key, option_group_key, amount, price)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e75', 1, 20260105, 1, -1, 0.5, 12.500);
INSERT INTO staging.touched_order VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e75');
INSERT INTO staging.refused_line (table_name, line_key, reason) VALUES ('product', '86704', 'value out of range');
