-- One row per order of which the run removed every event that told of it; its lines go with it.
DELETE FROM fact_order AS known
USING (SELECT DISTINCT order_key FROM staging.removed_event WHERE order_key IS NOT NULL) AS removed
WHERE known.order_key = removed.order_key
  AND NOT EXISTS (SELECT FROM fact_event AS event WHERE event.order_key = known.order_key)
