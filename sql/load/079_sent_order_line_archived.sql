-- One row per line of a cart whose event retention has removed: no order can be told anew from it.
DELETE FROM etl.sent_order_line AS line
WHERE date_key < (SELECT etl.facts_kept_from())
  AND NOT EXISTS (SELECT FROM etl.carried_event AS carried WHERE carried.event_id = line.event_id)
