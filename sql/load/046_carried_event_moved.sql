-- One row per event that is carried over and belongs to another session or person now.
UPDATE etl.carried_event AS known
SET session_id = moved.session_id, person = moved.person
FROM staging.session_event AS moved
WHERE moved.is_moved AND known.event_id = moved.event_id
