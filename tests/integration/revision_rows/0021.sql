-- Rows of the tables that revision 0021 makes.
INSERT INTO staging.session_event (event_id, date_key, visitor, session_id, person, is_new)
VALUES ('f523185f-406c-4bc8-9a0a-ea02de1b0e67', 20260105, '9b7c2f0e-0000-4000-8000-000000000001',
        '5e550000-0000-4000-8000-000000000001', '9b7c2f0e-0000-4000-8000-000000000001', true);
INSERT INTO staging.renamed_view VALUES (20260105, 1, 1, 1);
