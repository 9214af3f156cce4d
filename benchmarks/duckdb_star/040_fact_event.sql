-- One row per event of any kind, with surrogate keys; -1 is the unknown member.
CREATE TABLE fact_event AS
SELECT event_id, event_time, date_key, kind, coalesce(product_key, -1) AS product_key,
       coalesce(country_key, -1) AS country_key, coalesce(referrer_key, -1) AS referrer_key,
       coalesce(device_key, -1) AS device_key, coalesce(user_agent_key, -1) AS user_agent_key,
       visitor,
       coalesce(agent.is_bot, false) OR coalesce(dim_referrer.referrer_type = 'Spam', false) AS is_bot, address, position,
       utm_source, utm_medium, options
FROM event
LEFT JOIN dim_product USING (product_id)
LEFT JOIN dim_country USING (store_id)
LEFT JOIN described_referrer USING (referrer)
LEFT JOIN dim_referrer USING (referrer_url)
LEFT JOIN dim_device USING (device_id)
LEFT JOIN dim_user_agent AS agent USING (user_agent)
LEFT JOIN described_visitor USING (identity)
