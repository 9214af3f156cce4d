-- One row per open window, session and user of the batch's events.
INSERT INTO live.window_session AS known (feed, window_start, session, person, last_time, is_converted)
SELECT feed, window_start, session, person, max(event_time), bool_or(is_converted)
FROM arrived_feed
WHERE verdict IS NULL AND NOT is_late AND session IS NOT NULL AND person IS NOT NULL
GROUP BY feed, window_start, session, person
ON CONFLICT (feed, window_start, session, person) DO UPDATE
SET last_time = greatest(known.last_time, excluded.last_time),
    is_converted = known.is_converted OR excluded.is_converted
