-- One row per session that began before the first kept day and ended for good: whose it was and when within its day goes.
UPDATE fact_session AS session
SET session_id = gen_random_uuid(),
    visitor = NULL,
    person = NULL,
    device_key = -1,
    started_at = day.begun,
    ended_at = day.begun + (session.ended_at - session.started_at),
    chain_started_at = day.begun,
    touched_at = NULL,
    first_touched_at = NULL
FROM (
    SELECT session_id, date_trunc('day', started_at AT TIME ZONE %(time_zone)s) AT TIME ZONE %(time_zone)s AS begun
    FROM fact_session
    WHERE visitor IS NOT NULL AND started_at < %(kept_from_time)s
      AND NOT EXISTS (SELECT FROM etl.carried_event AS carried WHERE carried.session_id = fact_session.session_id)
) AS day
WHERE session.session_id = day.session_id
