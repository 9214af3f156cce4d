-- Rows of the tables that revision 0035 makes.
INSERT INTO live.position VALUES ('product_views', 0, 'id', 0, 10, '2026-01-05 10:00Z', '2026-01-05 10:00Z', 1);
INSERT INTO live.event_id VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e68', 'product_views', 0, 9, '2026-01-05 10:00Z', 'view_home_page'
);
INSERT INTO live.window_total (window_start, window_end, events, batch_id, updated_at)
VALUES ('2026-01-05 10:00Z', '2026-01-05 10:01Z', 1, 1, '2026-01-05 10:00Z');
INSERT INTO live.window_count VALUES ('2026-01-05 10:00Z', 'kind', 'view_home_page', 1, 0, 0, 0, 1);
INSERT INTO live.window_revenue VALUES ('2026-01-05 10:00Z', false, 'EUR', 1, 2.5, 1);
INSERT INTO live.quality VALUES ('2026-01-05 10:00Z', 'valid', 1, 1);
INSERT INTO live.window_visitor
VALUES ('2026-01-05 10:00Z', '0c523185-f406-4bc8-9a0a-ea02de1b0e69', '0c523185-f406-4bc8-9a0a-ea02de1b0e69');
INSERT INTO live.recent_order VALUES (
    '0c523185-f406-4bc8-9a0a-ea02de1b0e70', '0c523185-f406-4bc8-9a0a-ea02de1b0e69',
    '0c523185-f406-4bc8-9a0a-ea02de1b0e69', '2026-01-05 10:00Z', true
);
INSERT INTO live.window_reach VALUES ('2026-01-05 10:00Z', 'product_views', 0, 10);
