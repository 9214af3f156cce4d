-- Rows of the table of definitions that revision 0023 makes; it fills the other itself.
INSERT INTO etl.definition (name, run_id, value) SELECT 'business time zone', min(run_id), 'UTC' FROM etl.run;
