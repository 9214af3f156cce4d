-- Rows of the table that revision 0023 makes, and a month as it makes one.
INSERT INTO etl.definition (name, run_id, value) SELECT 'business time zone', min(run_id), 'UTC' FROM etl.run;
SELECT etl.ensure_month_partition('2026-01-05');
