-- One row per session that is not made anew and has an event of a touched order: the order may be made by an event of
-- another visitor's session now, or no longer.
UPDATE fact_session AS visit
SET reached_order = told.ordered_at IS NOT NULL,
    seconds_to_order = extract(epoch FROM told.ordered_at - visit.started_at)
FROM (
    SELECT session.session_id, min(event.event_time) AS ordered_at
    FROM (
        SELECT DISTINCT other.session_id
        FROM staging.touched_order
        JOIN etl.known_events() AS other USING (order_key)
        LEFT JOIN staging.touched_visitor AS touched USING (visitor)
        WHERE touched.visitor IS NULL OR other.event_time < touched.from_time
    ) AS others
    JOIN fact_session AS session USING (session_id)
    LEFT JOIN etl.known_events() AS event
        ON event.visitor = session.visitor
        AND event.event_time BETWEEN session.started_at AND session.ended_at
        AND event.session_id = session.session_id
        AND event.order_key = event.event_id
    GROUP BY session.session_id
) AS told
WHERE visit.session_id = told.session_id
  AND (visit.reached_order, visit.seconds_to_order)
      IS DISTINCT FROM (told.ordered_at IS NOT NULL, extract(epoch FROM told.ordered_at - visit.started_at)::integer)
