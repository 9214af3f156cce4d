-- One row per event of a touched visitor that belongs to another session or person now: run for each fact with a row an
-- event.
UPDATE {fact} AS known
SET session_id = moved.session_id, person = moved.person
FROM staging.session_event AS moved
WHERE moved.is_moved AND known.event_id = moved.event_id AND known.date_key = moved.date_key
