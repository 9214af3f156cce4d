-- One row per event that is new to the warehouse, with surrogate keys, its session and person; what spams referrers is
-- as little a person as a robot that says so. -1 is Unknown, -2 is Not applicable.
INSERT INTO staging.resolved_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, option_group_key,
    recommended_product_key, bus_offset, visitor, user_hash, session_id, person, order_key, date_key, bus_partition,
    recommendation_position, kind_key, is_bot, bus_topic, page, utm_source, utm_medium, price, currency, currency_sent,
    order_id, search_terms, options, campaign_key, product_version_key
)
SELECT event.event_id, event.event_time, coalesce(product.product_key, CASE WHEN kind.has_product THEN -1 ELSE -2 END),
       coalesce(store.country_key, -1), coalesce(referrer.referrer_key, -1), coalesce(device.device_key, -1),
       coalesce(agent.user_agent_key, -1), coalesce(chosen.option_group_key, -2),
       coalesce(recommended.product_key, CASE WHEN kind.has_recommended_product THEN -1 ELSE -2 END),
       event.bus_offset, event.visitor, event.user_hash, visit.session_id, visit.person,
       CASE kind.step WHEN 'order' THEN event.event_id END, event.date_key,
       event.bus_partition, event.recommendation_position, kind.kind_key,
       coalesce(agent.is_bot, false) OR coalesce(referrer.referrer_type = 'Spam', false),
       event.bus_topic, event.page, event.utm_source, event.utm_medium, event.price,
       event.currency, event.currency_sent, event.order_id, event.search_terms, event.options,
       coalesce(campaign.campaign_key, CASE WHEN event.page IS NULL THEN -1 ELSE -2 END),
       coalesce(version.product_version_key, -1)
FROM staging.event AS event
JOIN dim_event_kind AS kind USING (kind)
LEFT JOIN dim_product AS product USING (product_id)
LEFT JOIN dim_product_version AS version
    ON version.product_key = product.product_key
    AND version.valid_from <= event.event_time
    AND version.valid_to > event.event_time
LEFT JOIN dim_product AS recommended ON recommended.product_id = event.recommended_product_id
LEFT JOIN dim_store AS store USING (store_id)
LEFT JOIN staging.referrer AS sent USING (referrer_hash)
LEFT JOIN dim_referrer AS referrer ON referrer.referrer_sha256 = sha256(convert_to(sent.referrer_url, 'UTF8'))
LEFT JOIN dim_device AS device USING (device_id)
LEFT JOIN dim_option_group AS chosen USING (option_group_hash)
LEFT JOIN dim_user_agent AS agent USING (user_agent_hash)
LEFT JOIN dim_campaign AS campaign USING (campaign_hash)
LEFT JOIN staging.session_event AS visit USING (event_id)
