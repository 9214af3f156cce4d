-- One row per session of people: how far it came in the funnel, and how many seconds each step took.
-- identity: (SELECT (count(*), count(*) FILTER (WHERE ordered)) FROM mart.session_steps)
--   = (SELECT (count(*), count(*) FILTER (WHERE reached_order)) FROM fact_session WHERE NOT is_bot)
-- session_id: Session (fact_session)
-- date_key: Day of its first event, yyyymmdd (dim_date)
-- store_id: The shop's id of the store of its first event, or Unknown
-- country_name: Country that the store sells to, International or Unknown
-- device_type: Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown, as the user agent of its first event tells
-- viewed: Whether it has a product view or a later step
-- carted: Whether it has a cart addition or a later step
-- checked_out: Whether it opened the checkout or ordered
-- ordered: Whether it placed an order
-- seconds_to_cart: From the first product view to the first cart addition; null without the two in this order; 0 within
--   one second, whichever came first
-- seconds_to_checkout: From the first cart addition to the first opening of the checkout; null likewise
-- seconds_to_order: From the first opening of the checkout to the first order; null likewise
CREATE VIEW mart.session_steps AS
SELECT visit.session_id, visit.date_key, coalesce(store.store_id, 'Unknown') AS store_id,
       coalesce(store.country_name, 'Unknown') AS country_name, coalesce(agent.device_type, 'Unknown') AS device_type,
       visit.views > 0 OR visit.reached_cart OR visit.reached_checkout OR visit.reached_order AS viewed,
       visit.reached_cart OR visit.reached_checkout OR visit.reached_order AS carted,
       visit.reached_checkout OR visit.reached_order AS checked_out, visit.reached_order AS ordered,
       CASE WHEN visit.seconds_to_cart >= visit.seconds_to_view
            THEN visit.seconds_to_cart - visit.seconds_to_view END AS seconds_to_cart,
       CASE WHEN visit.seconds_to_checkout >= visit.seconds_to_cart
            THEN visit.seconds_to_checkout - visit.seconds_to_cart END AS seconds_to_checkout,
       CASE WHEN visit.seconds_to_order >= visit.seconds_to_checkout
            THEN visit.seconds_to_order - visit.seconds_to_checkout END AS seconds_to_order
FROM fact_session AS visit
-- Outer joins, which whoever does not ask for their columns is spared.
LEFT JOIN dim_store AS store USING (country_key)
LEFT JOIN dim_user_agent AS agent USING (user_agent_key)
WHERE NOT visit.is_bot
