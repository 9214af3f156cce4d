-- One row per product view of the run whose event id no partition of the fact holds, with surrogate keys.
INSERT INTO staging.resolved_view (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, visitor, date_key,
    bus_partition, is_bot, bus_topic, utm_source, utm_medium, options
)
SELECT view.event_id, view.event_time, product.product_key, coalesce(store.country_key, -1),
       coalesce(referrer.referrer_key, -1), coalesce(device.device_key, -1), view.bus_offset, view.visitor,
       view.date_key, view.bus_partition, coalesce(agent.is_bot, false), view.bus_topic, view.utm_source,
       view.utm_medium, view.options
FROM staging.product_view AS view
JOIN dim_product AS product USING (product_id)
LEFT JOIN dim_country AS store USING (store_id)
LEFT JOIN staging.referrer AS sent USING (referrer_hash)
LEFT JOIN dim_referrer AS referrer ON referrer.referrer_sha256 = sha256(convert_to(sent.referrer_url, 'UTF8'))
LEFT JOIN dim_device AS device USING (device_id)
LEFT JOIN staging.user_agent AS agent USING (user_agent_hash)
WHERE NOT EXISTS (SELECT FROM fact_product_view_event AS loaded WHERE loaded.event_id = view.event_id)
