-- One row per visitor of whom the run loads or removed an event: from when on the sessions are made anew. Of activity that
-- goes on from before, that is where 24 hours last cut it (as in sql/retain/005_carried_event.sql): of somebody who never
-- pauses, a monitor, the history is not read.
INSERT INTO staging.touched_visitor (visitor, from_time, from_key, chain_started_at, chain_until)
SELECT visitor, from_time, to_char(from_time - interval '1 day', 'YYYYMMDD')::integer, chain_started_at,
       CASE WHEN chain_started_at IS NOT NULL THEN (
           SELECT max(before.ended_at) + %(session_silence)s
           FROM fact_session AS before
           WHERE before.visitor = touched.visitor AND before.chain_started_at = touched.chain_started_at
             AND before.started_at >= from_time - interval '24 hours' AND before.started_at < from_time
       ) END
FROM (
    SELECT visitor, least(changed_at, stretch[1]) AS from_time,
           CASE WHEN stretch[1] <= changed_at AND stretch[2] < stretch[1] THEN stretch[2] END AS chain_started_at
    FROM (
        -- A stretch is an array (where it was cut, when its chain began), so the least is the first.
        SELECT changed.visitor, min(changed.event_time) AS changed_at, min(ARRAY[
                   session.chain_started_at
                   + floor(extract(epoch FROM session.started_at - session.chain_started_at) / 86400)
                   * interval '24 hours',
                   session.chain_started_at
               ]) AS stretch
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
    ) AS around
) AS touched
