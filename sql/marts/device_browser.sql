-- One row per day whose events are kept, audience, type of device, browser and system: what came of its traffic.
-- identity: (SELECT coalesce(sum(views), 0) FROM mart.device_browser) = (SELECT count(*) FROM fact_product_view_event)
-- unique: date_key, audience, device_type, browser, os
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- audience: people, or bots: events whose user agent is a robot's or whose referrer is spam, and sessions with one
-- device_type: Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown, as the user agent tells that the view or the
--   session's first event was sent with
-- browser: Browser and major version
-- os: Operating system and version
-- views: Product views
-- visitors: Visitors (devices) that viewed a product; not to be summed
-- persons: Persons who viewed a product; not to be summed
-- sessions: Sessions that began on the day
-- sessions_with_cart: Of these, sessions that put something into the cart
-- sessions_with_checkout: Of these, sessions that opened the checkout
-- sessions_with_order: Of these, sessions that placed an order
-- conversion: Sessions with an order / sessions
CREATE MATERIALIZED VIEW materialized.device_browser AS
WITH agent AS (
    SELECT user_agent_key, coalesce(device_type, 'Unknown') AS device_type, coalesce(browser_info, 'Unknown') AS browser,
           coalesce(os, 'Unknown') AS os
    FROM dim_user_agent
), viewed AS (
    SELECT date_key, is_bot, device_type, browser, os, sum(views) AS views, count(DISTINCT visitor) AS visitors,
           count(DISTINCT person) AS persons
    FROM (
        SELECT date_key, is_bot, user_agent_key, visitor, person, count(*) AS views
        FROM fact_product_view_event
        GROUP BY date_key, is_bot, user_agent_key, visitor, person
    ) AS visitor_day
    JOIN agent USING (user_agent_key)
    GROUP BY date_key, is_bot, device_type, browser, os
), visited AS (
    SELECT date_key, is_bot, device_type, browser, os, count(*) AS sessions,
           count(*) FILTER (WHERE reached_cart) AS sessions_with_cart,
           count(*) FILTER (WHERE reached_checkout) AS sessions_with_checkout,
           count(*) FILTER (WHERE reached_order) AS sessions_with_order
    FROM fact_session
    JOIN agent USING (user_agent_key)
    GROUP BY date_key, is_bot, device_type, browser, os
)
SELECT date_key, day.date, CASE WHEN is_bot THEN 'bots' ELSE 'people' END AS audience, device_type, browser, os,
       coalesce(viewed.views, 0)::bigint AS views, coalesce(viewed.visitors, 0) AS visitors,
       coalesce(viewed.persons, 0) AS persons, coalesce(visited.sessions, 0) AS sessions,
       coalesce(visited.sessions_with_cart, 0) AS sessions_with_cart,
       coalesce(visited.sessions_with_checkout, 0) AS sessions_with_checkout,
       coalesce(visited.sessions_with_order, 0) AS sessions_with_order,
       round(visited.sessions_with_order::numeric / nullif(visited.sessions, 0), 4) AS conversion
FROM viewed
FULL JOIN visited USING (date_key, is_bot, device_type, browser, os)
JOIN dim_date AS day USING (date_key)
WHERE date_key >= etl.facts_kept_from()
