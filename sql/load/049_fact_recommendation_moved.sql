-- One row per recommendation of a touched visitor that belongs to another session or person now.
UPDATE fact_recommendation AS known
SET session_id = moved.session_id, person = moved.person
FROM staging.session_event AS moved
WHERE moved.is_moved AND known.event_id = moved.event_id
