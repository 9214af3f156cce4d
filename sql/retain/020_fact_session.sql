-- One row per session that ended before the first kept day: whose it was and when within its day goes.
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
    WHERE visitor IS NOT NULL AND ended_at < %(kept_from_time)s
) AS day
WHERE session.session_id = day.session_id
