-- One row per search that is new to the warehouse.
INSERT INTO fact_search (
    event_id, event_time, date_key, country_key, referrer_key, device_key, user_agent_key, visitor, user_hash,
    session_id, person, is_bot, run_id, search_terms
)
SELECT event_id, event_time, date_key, country_key, referrer_key, device_key, user_agent_key, visitor, user_hash,
       session_id, person, is_bot, %(run_id)s, search_terms
FROM staging.resolved_event
WHERE kind_key = (SELECT kind_key FROM dim_event_kind WHERE kind = 'search_box_action')
