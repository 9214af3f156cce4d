-- One row per product put into a cart that is new to the warehouse.
INSERT INTO fact_cart_event (
    event_id, event_time, date_key, product_key, option_group_key, country_key, referrer_key, device_key,
    user_agent_key, visitor, user_hash, session_id, person, is_bot, run_id, price, currency, currency_sent,
    product_version_key
)
SELECT event_id, event_time, date_key, product_key, option_group_key, country_key, referrer_key, device_key,
       user_agent_key, visitor, user_hash, session_id, person, is_bot, %(run_id)s, price, currency, currency_sent,
       product_version_key
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'add_to_cart_action')
