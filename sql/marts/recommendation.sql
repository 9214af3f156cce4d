-- One row per day whose events are kept and place of recommendations: from visible to ordered.
-- identity: (SELECT coalesce(sum(visible + noticed + clicked + bot_events), 0) FROM mart.recommendation)
--   = (SELECT count(*) FROM fact_recommendation)
-- unique: date_key, place
-- date_key: Day of the event, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- place: product_detail, listing_page or landing_page: the page that showed them
-- visible: Times that people had a row of recommendations on the screen
-- noticed: Times that they stopped at one
-- clicked: Clicks on a recommended product
-- ordered: Of these, clicks whose product the same session ordered afterwards
-- sessions: Sessions of people with any of these; not to be summed over places or days
-- sessions_clicked: Of these, sessions with a click
-- sessions_ordered: Of these, sessions that ordered a product that they had clicked
-- notice_rate: Noticed / visible
-- click_rate: Clicked / visible
-- order_rate: Ordered / clicked
-- bot_events: Recommendations that bots had visible, noticed or clicked
CREATE MATERIALIZED VIEW materialized.recommendation AS
WITH bought AS (
    SELECT purchase.session_id, line.product_key, max(purchase.event_time) AS last_ordered_at
    FROM fact_order AS purchase
    JOIN fact_order_line AS line USING (order_key)
    WHERE purchase.session_id IS NOT NULL AND line.product_key > 0
    GROUP BY purchase.session_id, line.product_key
), shown AS (
    SELECT seen.date_key, seen.place, seen.step, seen.session_id, seen.is_bot,
           seen.step = 'clicked' AND coalesce(bought.last_ordered_at >= seen.event_time, false) AS is_ordered
    FROM fact_recommendation AS seen
    LEFT JOIN bought
        ON bought.session_id = seen.session_id AND bought.product_key = seen.recommended_product_key
), counted AS (
    SELECT date_key, place, count(*) FILTER (WHERE NOT is_bot AND step = 'visible') AS visible,
           count(*) FILTER (WHERE NOT is_bot AND step = 'noticed') AS noticed,
           count(*) FILTER (WHERE NOT is_bot AND step = 'clicked') AS clicked,
           count(*) FILTER (WHERE NOT is_bot AND is_ordered) AS ordered,
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot) AS sessions,
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot AND step = 'clicked') AS sessions_clicked,
           count(DISTINCT session_id) FILTER (WHERE NOT is_bot AND is_ordered) AS sessions_ordered,
           count(*) FILTER (WHERE is_bot) AS bot_events
    FROM shown
    GROUP BY date_key, place
)
SELECT date_key, day.date, place, visible, noticed, clicked, ordered, sessions, sessions_clicked, sessions_ordered,
       round(noticed::numeric / nullif(visible, 0), 4) AS notice_rate,
       round(clicked::numeric / nullif(visible, 0), 4) AS click_rate,
       round(ordered::numeric / nullif(clicked, 0), 4) AS order_rate, bot_events
FROM counted
JOIN dim_date AS day USING (date_key)
