-- One row per day whose events are kept (not yet archived): its traffic, people apart from bots.
-- identity: (SELECT coalesce(sum(views + bot_views), 0) FROM mart.daily_traffic)
--   = (SELECT count(*) FROM fact_product_view_event)
-- unique: date_key
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- views: Product views by people
-- visitors: Visitors (devices) of people who viewed a product; not to be summed over days
-- persons: Persons who viewed a product; not to be summed over days
-- sessions: Sessions of people that began on the day
-- cart_additions: Products that people put into a cart
-- orders: Orders by people
-- bot_views: Product views by bots
-- bot_visitors: Visitors (devices) of bots that viewed a product
-- bot_sessions: Sessions of bots that began on the day
CREATE MATERIALIZED VIEW materialized.daily_traffic AS
WITH viewed AS (
    SELECT date_key,
           sum(views) FILTER (WHERE NOT is_bot AND is_by_visitor) AS views,
           count(visitor) FILTER (WHERE NOT is_bot) AS visitors, count(person) FILTER (WHERE NOT is_bot) AS persons,
           sum(views) FILTER (WHERE is_bot AND is_by_visitor) AS bot_views,
           count(visitor) FILTER (WHERE is_bot) AS bot_visitors
    FROM (
        SELECT date_key, is_bot, visitor, person, grouping(visitor) = 0 AS is_by_visitor, count(*) AS views
        FROM fact_product_view_event
        GROUP BY GROUPING SETS ((date_key, is_bot, visitor), (date_key, is_bot, person))
    ) AS visitor_day
    GROUP BY date_key
), visited AS (
    SELECT date_key, count(*) FILTER (WHERE NOT is_bot) AS sessions, count(*) FILTER (WHERE is_bot) AS bot_sessions
    FROM fact_session
    GROUP BY date_key
), carted AS (
    SELECT date_key, count(*) FILTER (WHERE NOT is_bot) AS cart_additions FROM fact_cart_event GROUP BY date_key
), ordered AS (
    SELECT date_key, count(*) FILTER (WHERE NOT is_bot) AS orders FROM fact_order GROUP BY date_key
)
SELECT day.date_key, day.date,
       coalesce(viewed.views, 0)::bigint AS views, coalesce(viewed.visitors, 0) AS visitors,
       coalesce(viewed.persons, 0) AS persons,
       coalesce(visited.sessions, 0) AS sessions, coalesce(carted.cart_additions, 0) AS cart_additions,
       coalesce(ordered.orders, 0) AS orders, coalesce(viewed.bot_views, 0)::bigint AS bot_views,
       coalesce(viewed.bot_visitors, 0) AS bot_visitors, coalesce(visited.bot_sessions, 0) AS bot_sessions
FROM dim_date AS day
LEFT JOIN viewed USING (date_key)
LEFT JOIN visited USING (date_key)
LEFT JOIN carted USING (date_key)
LEFT JOIN ordered USING (date_key)
WHERE coalesce(viewed.date_key, visited.date_key, carted.date_key, ordered.date_key) IS NOT NULL
  AND day.date_key >= etl.facts_kept_from()
