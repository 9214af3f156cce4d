-- One row per row of 041 that others' views belong to, by the types that referrers and devices have now.
INSERT INTO fact_daily_product_views (
    date_key, product_key, country_key, referrer_type, device_type, is_bot, views
)
SELECT date_key, product_key, country_key, referrer_type, coalesce(agent.device_type, 'Unknown'), event.is_bot, count(*)
FROM fact_product_view_event AS event
JOIN (
    SELECT DISTINCT date_key, product_key, country_key
    FROM staging.resolved_event
    WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
) AS touched USING (date_key, product_key, country_key)
JOIN dim_referrer USING (referrer_key)
JOIN dim_user_agent AS agent USING (user_agent_key)
WHERE date_key = ANY(%(days)s)
GROUP BY 1, 2, 3, 4, 5, 6
