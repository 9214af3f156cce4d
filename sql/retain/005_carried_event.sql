-- One row per event before the first kept day of a session or an order that goes on in kept days, or may: of a session,
-- all since 24 hours last cut it; of an order, all that its devices and persons tell without a gap of 24 hours
-- (sql/load/066). What is told anew of either is told from these and from what is kept.
WITH stretch AS (
    SELECT DISTINCT visitor, chain_started_at,
           chain_started_at + floor(extract(epoch FROM started_at - chain_started_at) / 86400) * interval '24 hours'
               AS cut_at
    FROM fact_session
    WHERE visitor IS NOT NULL
      AND started_at < %(kept_from_time)s AND ended_at >= %(kept_from_time)s - %(session_silence)s
), session AS (
    SELECT session_id, chain_started_at
    FROM fact_session
    JOIN stretch USING (visitor, chain_started_at)
    WHERE started_at >= cut_at AND started_at < %(kept_from_time)s
), told AS (
    SELECT order_key, order_id, country_key, event_time,
           coalesce(person::text, 'device ' || device_key) AS person,
           coalesce(nullif(device_key, -1)::text, visitor::text, '') AS device
    FROM etl.known_events()
    WHERE order_key IS NOT NULL AND order_id IS NOT NULL
), of_buyer AS (
    SELECT *, event_time - lag(event_time) OVER of_person > interval '24 hours' AS is_person_apart,
           event_time - lag(event_time) OVER of_device > interval '24 hours' AS is_device_apart
    FROM told
    WINDOW of_person AS (PARTITION BY order_id, country_key, person ORDER BY event_time),
           of_device AS (PARTITION BY order_id, country_key, device ORDER BY event_time)
), chained AS (
    SELECT *, count(*) FILTER (WHERE is_person_apart) OVER (
                  PARTITION BY order_id, country_key, person ORDER BY event_time) AS person_chain,
           count(*) FILTER (WHERE is_device_apart) OVER (
                  PARTITION BY order_id, country_key, device ORDER BY event_time) AS device_chain
    FROM of_buyer
), told_until AS (
    SELECT order_key,
           max(event_time) OVER (PARTITION BY order_id, country_key, person, person_chain) AS by_person,
           max(event_time) OVER (PARTITION BY order_id, country_key, device, device_chain) AS by_device
    FROM chained
), purchase AS (
    SELECT DISTINCT order_key FROM told_until
    WHERE greatest(by_person, by_device) >= %(kept_from_time)s - interval '24 hours'
), carried AS (
    DELETE FROM etl.carried_event RETURNING *
), event AS (
    SELECT event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key,
           user_agent_key, visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic,
           bus_partition, bus_offset, campaign_key
    FROM fact_event
    WHERE date_key < %(kept_from)s
    UNION ALL
    SELECT event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key,
           user_agent_key, visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic,
           bus_partition, bus_offset, campaign_key
    FROM carried
)
INSERT INTO etl.carried_event (
    event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
    visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic, bus_partition, bus_offset,
    campaign_key, chain_started_at
)
SELECT event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
       visitor, user_hash, session.session_id, person, is_bot, page, order_key, order_id, bus_topic, bus_partition,
       bus_offset, campaign_key, session.chain_started_at
FROM event
LEFT JOIN session ON session.session_id = event.session_id
WHERE session.session_id IS NOT NULL OR event.order_key IN (SELECT order_key FROM purchase)
