-- One row per day whose events are kept, type of device, browser and operating system: what came of its traffic.
-- identity: (SELECT coalesce(sum(views), 0) FROM mart.device_browser) = (SELECT count(*) FROM fact_product_view_event)
-- unique: date_key, device_type, browser, os
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- device_type: Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown, as the device's newest user agent tells
-- browser: Browser and major version
-- os: Operating system and version
-- views: Product views; by a bot where device_type is Bot
-- visitors: Visitors who viewed a product; not to be summed
-- sessions: Sessions that began on the day
-- sessions_with_cart: Of these, sessions that put something into the cart
-- sessions_with_checkout: Of these, sessions that opened the checkout
-- sessions_with_order: Of these, sessions that placed an order
-- conversion: Sessions with an order / sessions
CREATE MATERIALIZED VIEW mart.device_browser AS
WITH device AS (
    SELECT device_key, coalesce(device_type, 'Unknown') AS device_type, coalesce(browser_info, 'Unknown') AS browser,
           coalesce(os, 'Unknown') AS os
    FROM dim_device
), viewed AS (
    SELECT date_key, device_type, browser, os, sum(views) AS views, count(DISTINCT visitor) AS visitors
    FROM (
        SELECT date_key, device_key, visitor, count(*) AS views
        FROM fact_product_view_event
        GROUP BY date_key, device_key, visitor
    ) AS visitor_day
    JOIN device USING (device_key)
    GROUP BY date_key, device_type, browser, os
), visited AS (
    SELECT date_key, device_type, browser, os, count(*) AS sessions,
           count(*) FILTER (WHERE reached_cart) AS sessions_with_cart,
           count(*) FILTER (WHERE reached_checkout) AS sessions_with_checkout,
           count(*) FILTER (WHERE reached_order) AS sessions_with_order
    FROM fact_session
    JOIN device USING (device_key)
    GROUP BY date_key, device_type, browser, os
)
SELECT date_key, day.date, device_type, browser, os, coalesce(viewed.views, 0)::bigint AS views,
       coalesce(viewed.visitors, 0) AS visitors, coalesce(visited.sessions, 0) AS sessions,
       coalesce(visited.sessions_with_cart, 0) AS sessions_with_cart,
       coalesce(visited.sessions_with_checkout, 0) AS sessions_with_checkout,
       coalesce(visited.sessions_with_order, 0) AS sessions_with_order,
       round(visited.sessions_with_order::numeric / nullif(visited.sessions, 0), 4) AS conversion
FROM viewed
FULL JOIN visited USING (date_key, device_type, browser, os)
JOIN dim_date AS day USING (date_key)
WHERE date_key >= etl.facts_kept_from()
