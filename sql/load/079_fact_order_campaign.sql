-- One row per order that is made anew, or whose visitor's sessions are: what led to it is what led to its session.
UPDATE fact_order AS purchase
SET campaign_key = visit.campaign_key,
    touch_referrer_key = visit.touch_referrer_key,
    first_campaign_key = visit.first_campaign_key,
    first_touch_referrer_key = visit.first_touch_referrer_key
FROM (
    SELECT order_key FROM staging.touched_order
    UNION
    SELECT known.order_key
    FROM staging.touched_visitor AS touched
    JOIN fact_order AS known ON known.visitor = touched.visitor AND known.date_key >= touched.from_key
) AS changed, fact_session AS visit
WHERE purchase.order_key = changed.order_key
  AND visit.session_id = purchase.session_id
  AND (purchase.campaign_key, purchase.touch_referrer_key, purchase.first_campaign_key,
       purchase.first_touch_referrer_key)
      IS DISTINCT FROM (visit.campaign_key, visit.touch_referrer_key, visit.first_campaign_key,
                        visit.first_touch_referrer_key)
