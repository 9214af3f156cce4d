-- What sessions and orders are told from: fact_event, and what is carried over of the months that retention removed.
-- execute: warehouse_etl

-- A query of its caller's: the planner sees through it, to each month and its indexes.
CREATE FUNCTION etl.known_events() RETURNS TABLE (
    event_id uuid, event_time timestamptz, date_key integer, kind_key smallint, product_key bigint, country_key bigint,
    referrer_key bigint, device_key bigint, user_agent_key bigint, visitor uuid, user_hash uuid, session_id uuid,
    person uuid, is_bot boolean, page text, order_key uuid, order_id text, bus_topic text, bus_partition integer,
    bus_offset bigint, campaign_key bigint
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
SELECT event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
       visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic, bus_partition, bus_offset,
       campaign_key
FROM public.fact_event
UNION ALL
SELECT event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
       visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic, bus_partition, bus_offset,
       campaign_key
FROM etl.carried_event
$$
