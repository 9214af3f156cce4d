-- One row per touched order: its earliest event describes it, the earliest whose cart is not empty has its lines; nothing
-- is added over unknown or unlike currencies.
WITH told AS (
    SELECT event.order_key, event.order_id, event.event_id, event.event_time, event.date_key, event.country_key,
           event.referrer_key, event.device_key, event.user_agent_key, event.visitor, event.user_hash, event.session_id,
           event.person, event.is_bot, event.campaign_key, row_number() OVER of_order AS place,
           count(*) OVER (PARTITION BY event.order_key) AS events
    FROM etl.known_events() AS event
    JOIN staging.touched_order AS touched USING (order_key)
    WINDOW of_order AS (
        PARTITION BY event.order_key
        ORDER BY event.event_time, event.bus_topic, event.bus_partition, event.bus_offset
    )
),
cart AS (
    SELECT DISTINCT ON (order_key) order_key, event_id
    FROM told
    WHERE EXISTS (SELECT FROM etl.sent_order_line AS line WHERE line.event_id = told.event_id)
    ORDER BY order_key, place
),
total AS (
    SELECT order_key, event_id, count(*) AS lines, coalesce(sum(amount), 0) AS items, sum(amount * price) AS revenue,
           CASE WHEN count(currency) = count(*) AND count(DISTINCT currency) = 1 THEN min(currency) END AS currency,
           CASE
               WHEN count(price) < count(*) THEN 'no price'
               WHEN count(amount) < count(*) THEN 'no amount'
               WHEN count(currency) < count(*) THEN 'unknown currency'
               WHEN count(DISTINCT currency) > 1 THEN 'several currencies'
           END AS missing
    FROM cart
    JOIN etl.sent_order_line AS line USING (event_id)
    GROUP BY order_key, event_id
)
INSERT INTO fact_order (
    order_key, order_id, event_id, event_time, date_key, country_key, referrer_key, device_key, user_agent_key, visitor,
    user_hash, session_id, person, is_bot, events, lines, items, revenue, currency, cart_event_id, revenue_missing,
    campaign_key, touch_referrer_key, first_campaign_key, first_touch_referrer_key
)
SELECT told.order_key, told.order_id, told.event_id, told.event_time, told.date_key, told.country_key,
       told.referrer_key, told.device_key, told.user_agent_key, told.visitor, told.user_hash, told.session_id,
       told.person, told.is_bot, told.events, coalesce(total.lines, 0), coalesce(total.items, 0),
       CASE WHEN total.missing IS NULL THEN total.revenue END, total.currency,
       total.event_id, CASE WHEN total.event_id IS NULL THEN 'empty cart' ELSE total.missing END,
       -- Until its session says more (079).
       coalesce(touched.campaign_key, told.campaign_key), coalesce(touched.touch_referrer_key, told.referrer_key),
       coalesce(touched.first_campaign_key, told.campaign_key),
       coalesce(touched.first_touch_referrer_key, told.referrer_key)
FROM told
JOIN staging.touched_order AS touched USING (order_key)
LEFT JOIN total USING (order_key)
WHERE told.place = 1
