-- Rows of the tables that revision 0003 makes.
INSERT INTO etl.run (status, finished_at, landed, other_kinds, views, loaded, duplicates, rejected)
VALUES ('finished', '2026-01-06 00:00Z', 10, 4, 6, 2, 3, 1);
INSERT INTO etl.run (status, error) VALUES ('failed', 'the raw store is down');
INSERT INTO etl.run_range VALUES (1, 'product_views', 0, 0, 10, 10, 4, 6, 2, 3, 1);
INSERT INTO etl.run_kind
VALUES (1, 'product_views', 0, 'view_product_detail', 6), (1, 'product_views', 0, 'view_home_page', 4);
INSERT INTO etl.watermark VALUES ('product_views', 0, 10, 1);
INSERT INTO etl.rejected_event VALUES ('product_views', 0, 7, 'no_usable_time', 'time_stamp', 'soon', '{}', 1);
