-- One row per session of a touched visitor, of the events that sql/load/045_session_event.sql says are in it.
INSERT INTO fact_session (
    session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key,
    device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products, reached_cart,
    reached_checkout, reached_order, is_bot, chain_started_at
)
SELECT part.session_id, part.visitor, part.person,
       min(event.event_time), max(event.event_time),
       extract(epoch FROM max(event.event_time) - min(event.event_time)),
       min(event.date_key) FILTER (WHERE part.is_first),
       min(event.country_key) FILTER (WHERE part.is_first),
       min(event.referrer_key) FILTER (WHERE part.is_first),
       min(event.device_key) FILTER (WHERE part.is_first),
       min(event.user_agent_key) FILTER (WHERE part.is_first),
       min(event.page) FILTER (WHERE part.is_first),
       min(event.page) FILTER (WHERE part.is_last),
       count(*), count(*) FILTER (WHERE kind.step = 'view'),
       count(DISTINCT event.product_key) FILTER (WHERE kind.step = 'view'),
       bool_or(kind.step = 'cart'), bool_or(kind.step = 'checkout'), bool_or(kind.step = 'order'),
       bool_or(event.is_bot), part.chain_started_at
FROM staging.session_event AS part
JOIN etl.known_events() AS event ON event.event_id = part.event_id AND event.date_key = part.date_key
JOIN dim_event_kind AS kind USING (kind_key)
WHERE event.date_key BETWEEN (SELECT min(date_key) FROM staging.session_event)
                         AND (SELECT max(date_key) FROM staging.session_event)
GROUP BY part.session_id, part.visitor, part.person, part.chain_started_at
