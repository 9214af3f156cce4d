-- One row per event of the visitor: what is taken out of the facts.
INSERT INTO staging.resolved_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, bus_offset, visitor,
    user_hash, session_id, person, order_key, order_id, date_key, bus_partition, kind_key, is_bot, bus_topic, page
)
SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key, bus_offset, visitor,
       user_hash, session_id, person, order_key, order_id, date_key, bus_partition, kind_key, is_bot, bus_topic, page
FROM {fact}
WHERE {owned}
