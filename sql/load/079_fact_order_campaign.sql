-- One row per order that is made anew, or whose visitor's sessions are: what led to it is what led to its session.
UPDATE fact_order AS purchase
SET campaign_key = visit.campaign_key,
    touch_referrer_key = visit.touch_referrer_key,
    first_campaign_key = visit.first_campaign_key,
    first_touch_referrer_key = visit.first_touch_referrer_key
FROM fact_session AS visit
WHERE visit.session_id = purchase.session_id
  AND (purchase.order_key IN (SELECT order_key FROM staging.touched_order)
       OR (purchase.date_key >= (SELECT min(from_key) FROM staging.touched_visitor)
           AND purchase.visitor IN (SELECT visitor FROM staging.touched_visitor)))
  AND (purchase.campaign_key, purchase.touch_referrer_key, purchase.first_campaign_key,
       purchase.first_touch_referrer_key)
      IS DISTINCT FROM (visit.campaign_key, visit.touch_referrer_key, visit.first_campaign_key,
                        visit.first_touch_referrer_key)
