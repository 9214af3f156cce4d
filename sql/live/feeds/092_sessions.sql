-- Three rows per open window that a session of the batch was seen in: its users, its sessions with those that bought, and
-- how long they had lasted by then. A session is told anew in each of its open windows: its first event may come last.
INSERT INTO live.window_metric AS known (feed, metric, dimension, member, window_start, events, total, batch_id)
SELECT seen.feed, told.metric, '', '', seen.window_start, told.events, told.total, %(batch_id)s
FROM (
    SELECT feed, window_start, count(*) AS sessions, count(*) FILTER (WHERE is_converted) AS converted,
           sum(extract(epoch FROM last_time - first_time)) AS seconds
    FROM (
        SELECT feed, window_start, session, max(present.last_time) AS last_time, bool_or(is_converted) AS is_converted,
               min(recent.first_time) AS first_time
        FROM live.window_session AS present
        JOIN live.recent_session AS recent USING (feed, session)
        WHERE (feed, window_start) IN (
            SELECT touched.feed, touched.window_start
            FROM live.window_session AS touched
            JOIN arrived_feed USING (feed, session)
            WHERE arrived_feed.verdict IS NULL AND NOT arrived_feed.is_late
        )
        GROUP BY feed, window_start, session
    ) AS each_session
    GROUP BY feed, window_start
) AS seen
CROSS JOIN LATERAL (
    VALUES ('sessions', seen.sessions, seen.converted::numeric),
           ('session_seconds', seen.sessions, seen.seconds),
           ('active_users', (
               SELECT count(DISTINCT person) FROM live.window_session AS present
               WHERE present.feed = seen.feed AND present.window_start = seen.window_start
           ), NULL)
) AS told (metric, events, total)
ON CONFLICT (feed, metric, dimension, member, window_start) DO UPDATE
SET events = excluded.events, total = excluded.total, batch_id = excluded.batch_id
