-- Rows of the tables that revision 0009 makes.
INSERT INTO fact_session
VALUES ('5e550000-0000-4000-8000-000000000001', '9b7c2f0e-0000-4000-8000-000000000001', '2026-01-05 09:50Z',
        '2026-01-05 10:20Z', 1800, 20260105, 1, 1, 1, 'www.shop.example.com.mx', 'www.shop.example.com.mx/checkout',
        5, 1, 1, true, true, true, false, '2026-01-05 09:50Z');
INSERT INTO staging.touched_visitor
VALUES ('9b7c2f0e-0000-4000-8000-000000000001', '2026-01-05 09:50Z', 20260104);
