-- One row per day and types of the first, second and last page: the sessions that began on the day.
-- identity: (SELECT coalesce(sum(sessions + bot_sessions), 0) FROM mart.paths) = (SELECT count(*) FROM fact_session)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- entry_page_type: Type of the first page: home, landing, listing, product, static, recommendations, cart, checkout,
--   order or account; (none) of a session without a page
-- next_page_type: Type of the second page; (exit) of a session with one page
-- exit_page_type: Type of the last page; (none) of a session without a page
-- sessions: Sessions of people
-- pages: Pages that they showed
-- sessions_with_cart: Of these, sessions that put something into the cart
-- sessions_with_order: Of these, sessions that placed an order
-- bot_sessions: Sessions of bots
CREATE VIEW mart.paths AS
SELECT visit.date_key, day.date, coalesce(visit.entry_page_type, '(none)') AS entry_page_type,
       coalesce(visit.next_page_type, CASE WHEN visit.entry_page_type IS NULL THEN '(none)' ELSE '(exit)' END)
           AS next_page_type,
       coalesce(visit.exit_page_type, '(none)') AS exit_page_type,
       count(*) FILTER (WHERE NOT visit.is_bot) AS sessions,
       coalesce(sum(visit.pages) FILTER (WHERE NOT visit.is_bot), 0) AS pages,
       count(*) FILTER (WHERE NOT visit.is_bot AND visit.reached_cart) AS sessions_with_cart,
       count(*) FILTER (WHERE NOT visit.is_bot AND visit.reached_order) AS sessions_with_order,
       count(*) FILTER (WHERE visit.is_bot) AS bot_sessions
FROM fact_session AS visit
JOIN dim_date AS day USING (date_key)
GROUP BY visit.date_key, day.date, visit.entry_page_type, visit.next_page_type, visit.exit_page_type
