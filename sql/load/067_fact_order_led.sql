-- One row per touched order that goes on without its session, which retention has unlinked: what led to it, which no event
-- tells any more.
UPDATE staging.touched_order AS touched
SET campaign_key = known.campaign_key,
    touch_referrer_key = known.touch_referrer_key,
    first_campaign_key = known.first_campaign_key,
    first_touch_referrer_key = known.first_touch_referrer_key
FROM fact_order AS known
WHERE known.order_key = touched.order_key
  AND known.session_id IS NULL
  AND EXISTS (SELECT FROM etl.carried_event AS carried WHERE carried.order_key = known.order_key)
