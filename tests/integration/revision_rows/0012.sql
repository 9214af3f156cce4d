-- Rows of the tables that revision 0012 makes.
INSERT INTO etl.quality_result VALUES ('2026-01-06 00:00Z', 'keys_unique', 1, 'error', true, 0, 0, 'rows', NULL);
