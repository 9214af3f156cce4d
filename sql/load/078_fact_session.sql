-- One row per session of a touched visitor, of the events that sql/load/045_session_event.sql says are in it, with the
-- visitor's last touch until then that was not direct (spark/load.py says for how long it counts) and the first one. A
-- touch is an array (when its session began, which of the visitor's that is, campaign, referrer), so the least is the
-- first. The campaign of a session is that of its first event that has one.
INSERT INTO fact_session (
    session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key,
    device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products, reached_cart,
    reached_checkout, reached_order, is_bot, chain_started_at, campaign_key, touch_referrer_key, touched_at,
    first_campaign_key, first_touch_referrer_key, first_touched_at, pages, entry_page_type, next_page_type,
    exit_page_type, seconds_to_view, seconds_to_cart, seconds_to_checkout, seconds_to_order
)
WITH visit AS (
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
           -- Of the event that makes an order: not where its page was only loaded again.
           min(event.event_time) FILTER (WHERE event.order_key = event.event_id) AS ordered_at,
           array_agg(kind.page_type ORDER BY event.event_time, event.bus_partition, event.bus_offset)
               FILTER (WHERE kind.page_type IS NOT NULL) AS page_types,
           bool_or(event.is_bot) AS is_bot,
           min(event.campaign_key) FILTER (WHERE part.is_first) AS entry_campaign_key,
           (min(ARRAY[
               (extract(epoch FROM event.event_time) * 1000000)::bigint, event.bus_partition, event.bus_offset,
               event.campaign_key, event.referrer_key
           ]) FILTER (WHERE event.campaign_key > 0))[4:5] AS named
    FROM staging.session_event AS part
    JOIN etl.known_events() AS event ON event.event_id = part.event_id AND event.date_key = part.date_key
    JOIN dim_event_kind AS kind USING (kind_key)
    WHERE event.date_key BETWEEN (SELECT min(date_key) FROM staging.session_event)
                             AND (SELECT max(date_key) FROM staging.session_event)
    GROUP BY part.session_id, part.visitor, part.person, part.chain_started_at
),
placed AS (
    SELECT visit.*, row_number() OVER so_far AS place,
           coalesce(named, CASE
               WHEN referrer.referrer_type NOT IN ('Direct', 'Internal', 'Spam', 'Unknown', 'Not applicable')
               THEN ARRAY[entry_campaign_key, referrer_key]
           END) AS own
    FROM visit
    JOIN dim_referrer AS referrer USING (referrer_key)
    WINDOW so_far AS (PARTITION BY visitor, is_bot ORDER BY started_at, ended_at, session_id)
),
touching AS (
    SELECT *, CASE WHEN own IS NOT NULL THEN ARRAY[(extract(epoch FROM started_at) * 1000000)::bigint, place] || own END
           AS touch
    FROM placed
),
touched AS (
    SELECT touching.*,
           coalesce(max(touch) OVER so_far, CASE WHEN before.touched_at IS NOT NULL THEN ARRAY[
               (extract(epoch FROM before.touched_at) * 1000000)::bigint, 0, before.campaign_key,
               before.touch_referrer_key
           ] END) AS last_touch,
           coalesce(CASE WHEN before.first_touched_at IS NOT NULL THEN ARRAY[
               (extract(epoch FROM before.first_touched_at) * 1000000)::bigint, 0, before.first_campaign_key,
               before.first_touch_referrer_key
           ] END, min(touch) OVER so_far) AS first_touch
    FROM touching
    LEFT JOIN staging.touch_before AS before USING (visitor, is_bot)
    WINDOW so_far AS (PARTITION BY visitor, is_bot ORDER BY place)
),
led AS (
    SELECT *, timestamptz 'epoch' + first_touch[1] * interval '1 microsecond' AS first_touched_at,
           CASE WHEN last_touch[1] >= extract(epoch FROM started_at - %(campaign_lookback)s) * 1000000
                THEN timestamptz 'epoch' + last_touch[1] * interval '1 microsecond' END AS touched_at
    FROM touched
)
SELECT session_id, visitor, person, started_at, ended_at, extract(epoch FROM ended_at - started_at), date_key,
       country_key, referrer_key, device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products,
       carted_at IS NOT NULL, checked_out_at IS NOT NULL, ordered_at IS NOT NULL, is_bot, chain_started_at,
       CASE WHEN touched_at IS NULL THEN entry_campaign_key ELSE last_touch[3] END,
       CASE WHEN touched_at IS NULL THEN referrer_key ELSE last_touch[4] END,
       touched_at, coalesce(first_touch[3], entry_campaign_key), coalesce(first_touch[4], referrer_key),
       first_touched_at,
       coalesce(cardinality(page_types), 0), page_types[1], page_types[2], page_types[cardinality(page_types)],
       extract(epoch FROM viewed_at - started_at), extract(epoch FROM carted_at - started_at),
       extract(epoch FROM checked_out_at - started_at), extract(epoch FROM ordered_at - started_at)
FROM led
