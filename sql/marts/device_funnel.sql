-- One row per day and type of device: how far the sessions of people that began on it came.
-- identity: (SELECT coalesce(sum(sessions), 0) FROM mart.device_funnel) = (SELECT count(*) FROM fact_session WHERE NOT is_bot)
-- date_key: Day, yyyymmdd (dim_date)
-- date: The day in the business time zone
-- device_type: Desktop, Mobile, Tablet, TV, Console, Other or Unknown, of the session's first event
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
-- median_seconds_to_cart: Median time from the first product view to the first cart addition; of more days, ask
--   mart.session_steps
-- median_seconds_to_checkout: Median time from the first cart addition to the first opening of the checkout
-- median_seconds_to_order: Median time from the first opening of the checkout to the first order
CREATE VIEW mart.device_funnel AS
SELECT date_key, day.date, device_type, sessions, viewed, carted, checked_out, ordered,
       round(viewed::numeric / sessions, 4) AS view_rate, round(carted::numeric / nullif(viewed, 0), 4) AS cart_rate,
       round(checked_out::numeric / nullif(carted, 0), 4) AS checkout_rate,
       round(ordered::numeric / nullif(checked_out, 0), 4) AS order_rate,
       round(ordered::numeric / sessions, 4) AS conversion,
       median_seconds_to_cart, median_seconds_to_checkout, median_seconds_to_order
FROM (
    SELECT date_key, device_type, count(*) AS sessions, count(*) FILTER (WHERE viewed) AS viewed,
           count(*) FILTER (WHERE carted) AS carted, count(*) FILTER (WHERE checked_out) AS checked_out,
           count(*) FILTER (WHERE ordered) AS ordered,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_cart) AS median_seconds_to_cart,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_checkout) AS median_seconds_to_checkout,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_order) AS median_seconds_to_order
    FROM mart.session_steps
    GROUP BY date_key, device_type
) AS step
JOIN dim_date AS day USING (date_key)
