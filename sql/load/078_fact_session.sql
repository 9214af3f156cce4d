-- One row per session of a touched visitor, of the events that sql/load/045_session_event.sql says are in it.
INSERT INTO fact_session (
    session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key,
    device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products, reached_cart,
    reached_checkout, reached_order, is_bot, chain_started_at, pages, entry_page_type, next_page_type, exit_page_type,
    seconds_to_view, seconds_to_cart, seconds_to_checkout, seconds_to_order
)
SELECT session_id, visitor, person, started_at, ended_at, extract(epoch FROM ended_at - started_at), date_key,
       country_key, referrer_key, device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products,
       carted_at IS NOT NULL, checked_out_at IS NOT NULL, ordered_at IS NOT NULL, is_bot, chain_started_at,
       coalesce(cardinality(page_types), 0), page_types[1], page_types[2], page_types[cardinality(page_types)],
       extract(epoch FROM viewed_at - started_at), extract(epoch FROM carted_at - started_at),
       extract(epoch FROM checked_out_at - started_at), extract(epoch FROM ordered_at - started_at)
FROM (
    SELECT part.session_id, part.visitor, part.person, part.chain_started_at,
           min(event.event_time) AS started_at, max(event.event_time) AS ended_at,
           min(event.date_key) FILTER (WHERE part.is_first) AS date_key,
           min(event.country_key) FILTER (WHERE part.is_first) AS country_key,
           min(event.referrer_key) FILTER (WHERE part.is_first) AS referrer_key,
           min(event.device_key) FILTER (WHERE part.is_first) AS device_key,
           min(event.user_agent_key) FILTER (WHERE part.is_first) AS user_agent_key,
           min(event.page) FILTER (WHERE part.is_first) AS entry_page,
           min(event.page) FILTER (WHERE part.is_last) AS exit_page,
           count(*) AS events, count(*) FILTER (WHERE kind.step = 'view') AS views,
           count(DISTINCT event.product_key) FILTER (WHERE kind.step = 'view') AS distinct_products,
           min(event.event_time) FILTER (WHERE kind.step = 'view') AS viewed_at,
           min(event.event_time) FILTER (WHERE kind.step = 'cart') AS carted_at,
           min(event.event_time) FILTER (WHERE kind.step = 'checkout') AS checked_out_at,
           min(event.event_time) FILTER (WHERE kind.step = 'order') AS ordered_at,
           array_agg(kind.page_type ORDER BY event.event_time, event.bus_partition, event.bus_offset)
               FILTER (WHERE kind.page_type IS NOT NULL) AS page_types,
           bool_or(event.is_bot) AS is_bot
    FROM staging.session_event AS part
    JOIN fact_event AS event ON event.event_id = part.event_id AND event.date_key = part.date_key
    JOIN dim_event_kind AS kind USING (kind_key)
    WHERE event.date_key BETWEEN (SELECT min(date_key) FROM staging.session_event)
                             AND (SELECT max(date_key) FROM staging.session_event)
    GROUP BY part.session_id, part.visitor, part.person, part.chain_started_at
) AS session
