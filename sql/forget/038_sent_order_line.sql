-- One row per line of the cart of an event of the visitor.
DELETE FROM etl.sent_order_line AS line
USING staging.removed_event AS erased
WHERE line.event_id = erased.event_id
