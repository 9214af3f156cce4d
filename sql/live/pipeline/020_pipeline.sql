-- Four rows per feed and open minute, and four for all feeds: events a second, and how long they took; a class of latency
-- counts as its upper end.
INSERT INTO live.window_metric AS known (feed, metric, dimension, member, window_start, events, total, batch_id)
SELECT 'pipeline', told.metric, CASE WHEN feed IS NULL THEN '' ELSE 'feed' END, coalesce(feed, ''), minute, events,
       told.value::numeric, %(batch_id)s
FROM (
    SELECT feed, minute, max(below) AS events,
           min(class) FILTER (WHERE below >= 0.50 * whole) AS p50,
           min(class) FILTER (WHERE below >= 0.95 * whole) AS p95,
           min(class) FILTER (WHERE below >= 0.99 * whole) AS p99
    FROM (
        SELECT feed, minute, class, sum(events) OVER (PARTITION BY feed, minute ORDER BY class) AS below,
               sum(events) OVER (PARTITION BY feed, minute) AS whole
        FROM (
            SELECT feed, minute, class, sum(events) AS events
            FROM live.recent_latency
            GROUP BY GROUPING SETS ((feed, minute, class), (minute, class))
        ) AS grouped
    ) AS ranked
    GROUP BY feed, minute
) AS found
CROSS JOIN LATERAL (
    VALUES ('throughput', events / 60.0), ('latency_p50', round(2 ^ (p50 / 8.0) / 1000, 4)),
           ('latency_p95', round(2 ^ (p95 / 8.0) / 1000, 4)), ('latency_p99', round(2 ^ (p99 / 8.0) / 1000, 4))
) AS told (metric, value)
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = excluded.events, total = excluded.total, batch_id = excluded.batch_id
