-- One row per visitor of whom the run loads or removed an event: from when on the sessions are made anew.
INSERT INTO staging.touched_visitor (visitor, from_time, from_key)
SELECT visitor, from_time, to_char(from_time - interval '1 day', 'YYYYMMDD')::integer
FROM (
    SELECT changed.visitor, least(min(changed.event_time), min(session.chain_started_at)) AS from_time
    FROM (
        SELECT visitor, event_time FROM staging.event WHERE visitor IS NOT NULL
        UNION ALL
        SELECT visitor, event_time FROM staging.removed_event WHERE visitor IS NOT NULL
    ) AS changed
    LEFT JOIN fact_session AS session
        ON session.visitor = changed.visitor
        AND session.started_at <= changed.event_time + %(session_silence)s
        AND session.ended_at >= changed.event_time - %(session_silence)s
    GROUP BY changed.visitor
) AS touched
