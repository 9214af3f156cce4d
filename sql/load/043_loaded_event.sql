-- One row per event of the run whose id some partition of fact_event holds: what is left is new.
DELETE FROM staging.event AS event
WHERE EXISTS (SELECT FROM fact_event AS loaded WHERE loaded.event_id = event.event_id)
