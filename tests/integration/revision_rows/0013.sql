-- Rows of the tables that revision 0013 makes, and a run of the mode that it allows.
INSERT INTO etl.removed (what, bus_topic, bus_partition, month, rows, with_visitor, views)
VALUES ('facts', 'product_views', 0, '2025-12-01', 1, 0, 1);
INSERT INTO etl.archived_file VALUES ('/archive/fact_event_2025_12.parquet', 'fact_event', '2025-12-01', 1, 'e3b0c442');
INSERT INTO etl.run (status, mode) VALUES ('finished', 'erasure');
