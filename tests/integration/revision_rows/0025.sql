-- Rows of the tables that revision 0025 makes.
INSERT INTO identity.device (device_key, device_id) VALUES (4711, '02928c22-a423-4164-a7b4-f597f5a3580c');
INSERT INTO etl.scrubbing (scrubber) VALUES (1);
