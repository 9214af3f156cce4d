-- One row per day, product, store, type of referrer, type of device and audience that a view of the run belongs to: its
-- views are added. A day's earlier views stay under the types that they were loaded with.
INSERT INTO fact_daily_product_views AS known (
    date_key, product_key, country_key, referrer_type, device_type, is_bot, views
)
SELECT date_key, product_key, country_key, referrer_type, coalesce(agent.device_type, 'Unknown'), event.is_bot, count(*)
FROM staging.resolved_event AS event
JOIN dim_referrer USING (referrer_key)
JOIN dim_user_agent AS agent USING (user_agent_key)
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
GROUP BY 1, 2, 3, 4, 5, 6
-- In the order of the key, which the index takes in two thirds of the time.
ORDER BY 1, 2, 3, 4, 5, 6
ON CONFLICT (date_key, product_key, country_key, referrer_type, device_type, is_bot) DO UPDATE
SET views = known.views + excluded.views
