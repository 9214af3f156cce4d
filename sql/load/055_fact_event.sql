-- One row per event that is new to the warehouse; what tells of an order is at first one of its own.
INSERT INTO fact_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, bus_offset, run_id,
    visitor, user_hash, session_id, person, order_key, date_key, bus_partition, kind_key, is_bot, bus_topic, page,
    order_id, campaign_key
)
SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, bus_offset,
       %(run_id)s, visitor, user_hash, session_id, person, order_key, date_key, bus_partition, kind_key, is_bot,
       bus_topic, page, order_id, campaign_key
FROM staging.resolved_event
