-- Rows of the tables that revision 0038 makes.
INSERT INTO live.anomaly (
    feed, metric, dimension, member, kind, started_at, last_window, windows, worst_window, summed, value, expected, lower,
    upper, score, explanation
)
VALUES (
    'product_views', 'views', '', '', 'drop', '2026-01-05 10:00Z', '2026-01-05 10:01Z', 2, '2026-01-05 10:01Z', 1, 3, 90,
    52, 138, -11.5, 'views of product_views was 3.'
);
INSERT INTO live.anomaly_position VALUES ('product_views', 'views', '2026-01-05 10:02Z');
INSERT INTO live.anomaly_delivery SELECT anomaly_id, now(), NULL FROM live.anomaly;
