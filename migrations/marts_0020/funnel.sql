-- One row per day: how far the sessions of people that began on it came.
-- identity: (SELECT coalesce(sum(sessions), 0) FROM mart.funnel) = (SELECT count(*) FROM fact_session WHERE NOT is_bot)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- sessions: Sessions of people
-- viewed: Sessions with a product view or a later step
-- carted: Sessions with a cart addition or a later step
-- checked_out: Sessions that opened the checkout or ordered
-- ordered: Sessions that placed an order
-- view_rate: Viewed / sessions
-- cart_rate: Carted / viewed
-- checkout_rate: Checked out / carted
-- order_rate: Ordered / checked out
-- conversion: Ordered / sessions
CREATE VIEW mart.funnel AS
SELECT date_key, day.date, sessions, viewed, carted, checked_out, ordered,
       round(viewed::numeric / sessions, 4) AS view_rate, round(carted::numeric / nullif(viewed, 0), 4) AS cart_rate,
       round(checked_out::numeric / nullif(carted, 0), 4) AS checkout_rate,
       round(ordered::numeric / nullif(checked_out, 0), 4) AS order_rate,
       round(ordered::numeric / sessions, 4) AS conversion
FROM (
    SELECT date_key, count(*) AS sessions,
           count(*) FILTER (WHERE views > 0 OR reached_cart OR reached_checkout OR reached_order) AS viewed,
           count(*) FILTER (WHERE reached_cart OR reached_checkout OR reached_order) AS carted,
           count(*) FILTER (WHERE reached_checkout OR reached_order) AS checked_out,
           count(*) FILTER (WHERE reached_order) AS ordered
    FROM fact_session
    WHERE NOT is_bot
    GROUP BY date_key
) AS step
JOIN dim_date AS day USING (date_key)
