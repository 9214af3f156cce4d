-- One row per recommendation seen, noticed or clicked that is new to the warehouse.
INSERT INTO fact_recommendation (
    event_id, event_time, date_key, product_key, recommended_product_key, country_key, referrer_key, device_key,
    user_agent_key, visitor, user_hash, session_id, person, is_bot, run_id, place, step, recommendation_position
)
SELECT event_id, event_time, date_key, product_key, recommended_product_key, country_key, referrer_key, device_key,
       user_agent_key, visitor, user_hash, session_id, person, is_bot, %(run_id)s,
       substring(kind.kind FROM '^(.*)_recommendation_'), substring(kind.kind FROM '_recommendation_(.*)$'),
       recommendation_position
FROM staging.resolved_event
JOIN dim_event_kind AS kind USING (kind_key)
WHERE kind.kind LIKE '%%\_recommendation\_%%'
