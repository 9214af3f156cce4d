-- One row per event before the first kept day of a session or an order that goes on in kept days, or may: of a session,
-- all since 24 hours last cut it; of an order, also those that tell who else may be its buyer (sql/load/066). What is
-- told anew of either is told from these and from what is kept.
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
           event_time - lag(event_time) OVER (PARTITION BY order_id, country_key ORDER BY event_time)
               > interval '24 hours' AS is_apart
    FROM etl.known_events()
    WHERE order_key IS NOT NULL AND order_id IS NOT NULL
), stretched AS (
    SELECT *, count(*) FILTER (WHERE is_apart) OVER (PARTITION BY order_id, country_key ORDER BY event_time) AS stretch
    FROM told
), told_until AS (
    SELECT order_key, max(event_time) OVER (PARTITION BY order_id, country_key, stretch) AS event_time FROM stretched
), purchase AS (
    SELECT DISTINCT order_key FROM told_until WHERE event_time >= %(kept_from_time)s - interval '24 hours'
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
