-- One row per event that is carried over and belongs to another session, person or chain now.
UPDATE etl.carried_event AS known
SET session_id = moved.session_id, person = moved.person, chain_started_at = moved.chain_started_at
FROM staging.session_event AS moved
WHERE known.event_id = moved.event_id
  AND (moved.is_moved OR known.chain_started_at IS DISTINCT FROM moved.chain_started_at)
