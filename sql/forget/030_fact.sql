-- One row per row of an event of the visitor: run for each fact with a row an event.
DELETE FROM {fact} AS known
USING staging.resolved_event AS erased
WHERE known.event_id = erased.event_id AND known.date_key = erased.date_key
