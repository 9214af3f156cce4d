-- One row per order that goes on though the session of its first event does not: which session that was goes.
UPDATE fact_order AS purchase
SET session_id = NULL
FROM etl.carried_event AS carried
WHERE carried.event_id = purchase.event_id AND carried.session_id IS NULL AND purchase.session_id IS NOT NULL
