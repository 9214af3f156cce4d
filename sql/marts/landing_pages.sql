-- One row per day, landing page and its type: the sessions that began on it.
-- identity: (SELECT coalesce(sum(sessions + bot_sessions), 0) FROM mart.landing_pages)
--   = (SELECT count(*) FROM fact_session)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- landing_page: Host and path of the session's first event; (none) where that names no page
-- page_type: Type of the first page shown: home, landing, listing, product, static, ...; (none) where none was
-- sessions: Sessions of people
-- bounces: Of these, sessions that showed no second page
-- pages: Pages that these sessions showed
-- sessions_with_cart: Sessions that put something into the cart
-- sessions_with_order: Sessions that placed an order
-- bounce_rate: Bounces / sessions
-- conversion: Sessions with an order / sessions
-- bot_sessions: Sessions of bots
CREATE VIEW mart.landing_pages AS
SELECT date_key, day.date, landing_page, page_type, sessions, bounces, pages, sessions_with_cart, sessions_with_order,
       round(bounces::numeric / nullif(sessions, 0), 4) AS bounce_rate,
       round(sessions_with_order::numeric / nullif(sessions, 0), 4) AS conversion, bot_sessions
FROM (
    SELECT date_key, coalesce(entry_page, '(none)') AS landing_page, coalesce(entry_page_type, '(none)') AS page_type,
           count(*) FILTER (WHERE NOT is_bot) AS sessions,
           count(*) FILTER (WHERE NOT is_bot AND pages <= 1) AS bounces,
           coalesce(sum(pages) FILTER (WHERE NOT is_bot), 0) AS pages,
           count(*) FILTER (WHERE NOT is_bot AND reached_cart) AS sessions_with_cart,
           count(*) FILTER (WHERE NOT is_bot AND reached_order) AS sessions_with_order,
           count(*) FILTER (WHERE is_bot) AS bot_sessions
    FROM fact_session
    GROUP BY date_key, 2, 3
) AS landed
JOIN dim_date AS day USING (date_key)
