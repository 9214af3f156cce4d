-- A row of the table that revision 0016 makes.
INSERT INTO etl.forgotten_visitor VALUES ('0f0e0d0c-0b0a-4908-8706-050403020100', '2026-01-01 12:00:00+00');
