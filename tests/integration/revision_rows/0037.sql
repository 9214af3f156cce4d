-- Rows of the tables that revision 0037 makes.
INSERT INTO live.feed VALUES ('purchase-events', 'purchase-events', '2026-01-05 10:00Z', NULL, 0, 1);
INSERT INTO live.feed_event_id
VALUES ('purchase-events', '0c523185-f406-4bc8-9a0a-ea02de1b0e68', '2026-01-05 10:00Z');
INSERT INTO live.window_metric
VALUES ('purchase-events', 'purchases', 'category', 'books', '2026-01-05 10:00Z', 1, 2.5, 2.5, 2.5, 1, NULL);
INSERT INTO live.window_session VALUES (
    'user_clickstream', '2026-01-05 10:00Z', '0c523185-f406-4bc8-9a0a-ea02de1b0e68',
    '0c523185-f406-4bc8-9a0a-ea02de1b0e69', '2026-01-05 10:00Z', true
);
INSERT INTO live.recent_session VALUES (
    'user_clickstream', '0c523185-f406-4bc8-9a0a-ea02de1b0e68', '0c523185-f406-4bc8-9a0a-ea02de1b0e69',
    '2026-01-05 10:00Z', '2026-01-05 10:00Z'
);
INSERT INTO live.recent_latency VALUES ('pipeline', '2026-01-05 10:00Z', 40, 1);
INSERT INTO live.export VALUES ('elasticsearch', 1, '2026-01-05 10:00Z');
