-- One row per order before the first kept day that does not go on: whose it was, when within its day, and the shop's id
-- of it go.
UPDATE fact_order AS purchase
SET order_id = NULL,
    visitor = NULL,
    user_hash = NULL,
    session_id = NULL,
    person = NULL,
    device_key = -1,
    event_time = date_trunc('day', event_time AT TIME ZONE %(time_zone)s) AT TIME ZONE %(time_zone)s
WHERE date_key < %(kept_from)s
  AND (visitor IS NOT NULL OR device_key <> -1 OR order_id IS NOT NULL)
  AND NOT EXISTS (SELECT FROM etl.carried_event AS carried WHERE carried.order_key = purchase.order_key)
