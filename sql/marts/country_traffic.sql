-- One row per day whose events are kept and country of the store: its traffic.
-- identity: (SELECT coalesce(sum(views + bot_views), 0) FROM mart.country_traffic)
--   = (SELECT count(*) FROM fact_product_view_event)
-- unique: date_key, country_name
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- country_name: Country that the store sells to, International or Unknown; its visitors may be elsewhere
-- country_code: ISO 3166-1 alpha-2; null for International and Unknown
-- views: Product views by people
-- visitors: Visitors (devices) of people who viewed a product; not to be summed over days or countries
-- persons: Persons who viewed a product; not to be summed over days or countries
-- sessions: Sessions of people that began on the day in one of its stores
-- sessions_with_cart: Of these, sessions that put something into the cart
-- sessions_with_order: Of these, sessions that placed an order
-- conversion: Sessions with an order / sessions
-- bot_views: Product views by bots
-- bot_sessions: Sessions of bots
CREATE MATERIALIZED VIEW materialized.country_traffic AS
WITH store AS (
    SELECT country_key, coalesce(country_name, 'Unknown') AS country_name FROM dim_store
), viewed AS (
    SELECT date_key, country_name, sum(views) FILTER (WHERE NOT is_bot AND is_by_visitor) AS views,
           count(DISTINCT visitor) FILTER (WHERE NOT is_bot) AS visitors,
           count(DISTINCT person) FILTER (WHERE NOT is_bot) AS persons,
           sum(views) FILTER (WHERE is_bot AND is_by_visitor) AS bot_views
    FROM (
        SELECT date_key, country_key, is_bot, visitor, person, grouping(visitor) = 0 AS is_by_visitor, count(*) AS views
        FROM fact_product_view_event
        GROUP BY GROUPING SETS ((date_key, country_key, is_bot, visitor), (date_key, country_key, is_bot, person))
    ) AS visitor_day
    JOIN store USING (country_key)
    GROUP BY date_key, country_name
), visited AS (
    SELECT date_key, country_name, count(*) FILTER (WHERE NOT is_bot) AS sessions,
           count(*) FILTER (WHERE NOT is_bot AND reached_cart) AS sessions_with_cart,
           count(*) FILTER (WHERE NOT is_bot AND reached_order) AS sessions_with_order,
           count(*) FILTER (WHERE is_bot) AS bot_sessions
    FROM fact_session
    JOIN store USING (country_key)
    GROUP BY date_key, country_name
), code AS (
    SELECT coalesce(country_name, 'Unknown') AS country_name, min(country_code) AS country_code
    FROM dim_store
    GROUP BY 1
)
SELECT date_key, day.date, country_name, code.country_code, coalesce(viewed.views, 0)::bigint AS views,
       coalesce(viewed.visitors, 0) AS visitors, coalesce(viewed.persons, 0) AS persons,
       coalesce(visited.sessions, 0) AS sessions,
       coalesce(visited.sessions_with_cart, 0) AS sessions_with_cart,
       coalesce(visited.sessions_with_order, 0) AS sessions_with_order,
       round(visited.sessions_with_order::numeric / nullif(visited.sessions, 0), 4) AS conversion,
       coalesce(viewed.bot_views, 0)::bigint AS bot_views, coalesce(visited.bot_sessions, 0) AS bot_sessions
FROM viewed
FULL JOIN visited USING (date_key, country_name)
JOIN code USING (country_name)
JOIN dim_date AS day USING (date_key)
WHERE date_key >= etl.facts_kept_from()
