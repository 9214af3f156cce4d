-- Rows of the tables that revision 0039 makes.
INSERT INTO serving.account (name, role, password_hash, credential_id)
VALUES ('ada', 'operator', '$2b$12$', '00000000-0000-0000-0000-000000000001');
INSERT INTO serving.tunable (name, value, set_by) VALUES ('live_poll_seconds', 2, 'ada');
INSERT INTO serving.audit (account, action, subject, before, after)
VALUES ('ada', 'tunable.set', 'live_poll_seconds', NULL, '2');
