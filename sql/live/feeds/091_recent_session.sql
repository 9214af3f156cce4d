-- One row per session of the batch's events.
INSERT INTO live.recent_session AS known (feed, session, person, first_time, last_time)
SELECT feed, session, min(person::text)::uuid, min(event_time), max(event_time)
FROM arrived_feed
WHERE verdict IS NULL AND NOT is_late AND session IS NOT NULL AND person IS NOT NULL
GROUP BY feed, session
ON CONFLICT (feed, session) DO UPDATE
SET first_time = least(known.first_time, excluded.first_time), last_time = greatest(known.last_time, excluded.last_time)
