-- Rows of the tables that revision 0013 makes, a run of the mode that it allows, and daily rows of the removed month: of a
-- device, and of devices that are unlinked.
INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, views)
VALUES ('facts', 'product_views', 0, '2025-12-01', 1, 0, 1);
INSERT INTO etl.archived_file VALUES ('/archive/fact_event_2025_12.parquet', 'fact_event', '2025-12-01', 1, 'e3b0c442');
INSERT INTO etl.run (status, mode) VALUES ('finished', 'erasure');
INSERT INTO fact_product_views
SELECT 20251205, 1, 1, 1, device_key, views, 1, '2025-12-05 10:00Z', '2025-12-05 10:00Z', 0, '2025-12-05 10:00Z',
       '2025-12-06 00:00Z'
FROM (VALUES (1, 2), (-1, 3)) AS daily (device_key, views);
