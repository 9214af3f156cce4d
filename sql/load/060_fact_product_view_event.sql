-- One row per product view that is new to the warehouse.
INSERT INTO fact_product_view_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, option_group_key,
    bus_offset, run_id, visitor, user_hash, session_id, person, date_key, bus_partition, is_bot, bus_topic, utm_source,
    utm_medium, options, product_version_key, price, currency
)
SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, option_group_key,
       bus_offset, %(run_id)s, visitor, user_hash, session_id, person, date_key, bus_partition, is_bot, bus_topic,
       utm_source, utm_medium, options, product_version_key, price, currency
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail')
