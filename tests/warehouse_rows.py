"""A warehouse filled by SQL alone: as many visits as a test needs, with every fact that the ETL would make of them."""

import psycopg

DAYS = 30

# A visitor's visits are on different days and end before midnight, so that each is a session of its own.
VISITS = """
CREATE TEMP TABLE visit AS
SELECT md5(format('visitor %%s, visit %%s', device, nth))::uuid AS session_id,
       md5('visitor ' || device)::uuid AS visitor, device AS device_key,
       -- Two devices of twenty have one user, on all visits.
       CASE WHEN device %% 20 < 2 THEN md5('user ' || device / 20)::uuid END AS user_hash,
       md5(CASE WHEN device %% 20 < 2 THEN 'user ' || device / 20 ELSE 'visitor ' || device END)::uuid AS person,
       1 + device * 7 %% 86 AS country_key,
       1 + (random() * 300)::bigint AS referrer_key, device %% 50 = 0 AS is_bot,
       timestamptz '2026-01-01 00:00Z' + make_interval(days => (device * 11 + nth * 7) %% %(days)s,
                                                       secs => (random() * 64800)::integer) AS started_at,
       CASE WHEN device %% 2 = 0 THEN 'EUR' ELSE 'GBP' END AS currency,
       least(400, 1 + floor(-ln(1 - random()) * CASE WHEN device %% 50 = 0 THEN 12 ELSE 3 END))::integer AS views,
       CASE WHEN device %% 50 = 0 THEN 0 ELSE floor(4 * random() ^ 10)::integer END AS steps,
       CASE WHEN random() < 0.1 THEN 'newsletter' END AS utm_source
FROM generate_series(1, %(visitors)s::integer) AS device,
     generate_series(1, CASE WHEN device %% 3 = 0 THEN 3 ELSE 1 END) AS nth
"""
# Of the steps, 1 adds to the cart, 2 opens the checkout, 3 orders. Before the first view, number 0 of some visits is a
# search, and of others a recommendation.
EVENTS = """
CREATE TEMP TABLE visit_event AS
SELECT md5(format('%%s %%s', session_id, number))::uuid AS event_id, visit.*, number,
       started_at + make_interval(secs => number * 40) AS event_time,
       to_char(started_at AT TIME ZONE 'UTC', 'YYYYMMDD')::integer AS date_key,
       CASE WHEN number = 0 AND device_key %% 10 = 0 THEN 'search_box_action'
            WHEN number = 0 THEN 'product_detail_recommendation_'
                                 || (ARRAY['visible', 'noticed', 'clicked'])[1 + device_key / 10 %% 3]
            WHEN number = views + 1 THEN 'add_to_cart_action'
            WHEN number = views + 2 THEN 'checkout'
            WHEN number = views + 3 THEN 'checkout_success'
            ELSE 'view_product_detail' END AS kind,
       1 + floor(%(products)s * random() ^ 3)::bigint AS product_key
FROM visit, generate_series(CASE WHEN device_key %% 10 < 2 THEN 0 ELSE 1 END, views + steps) AS number
ORDER BY event_time
"""
STATEMENTS = (
    "SELECT etl.ensure_month_partition(date '2026-01-01')",
    """INSERT INTO dim_product (product_id, product_name, language, category, category_group, price, currency,
                                created_date)
       SELECT 80000 + n, 'Ring ' || n, 'en', 'rings', 'rings', 100 + n, 'EUR', date '2026-01-01'
       FROM generate_series(1, %(products)s) AS n""",
    """INSERT INTO dim_product_name (product_key, language, product_name, is_preferred)
       SELECT product_key, language, product_name, true FROM dim_product WHERE product_key > 0""",
    """INSERT INTO etl.product_page (product_key, page, views, product_name, language, category, read_by)
       SELECT product_key, 'www.shop.example/ring-' || product_key, 1, product_name, language, category, ''
       FROM dim_product WHERE product_key > 0""",
    """INSERT INTO dim_store (store_id, country_name, country_code, currency)
       SELECT n, 'Country ' || n %% 40, 'C' || n %% 40, CASE WHEN n %% 2 = 0 THEN 'EUR' ELSE 'GBP' END
       FROM generate_series(1, 86) AS n""",
    """INSERT INTO dim_referrer (referrer_url, referrer_sha256, referrer_domain, referrer_type)
       SELECT url, sha256(url::bytea), split_part(url, '/', 1),
              (ARRAY['Search Engine', 'Internal', 'Direct'])[1 + n %% 3]
       FROM (SELECT n, format('site%%s.example/%%s', n %% 50, n) AS url FROM generate_series(1, 301) AS n) AS urls""",
    """INSERT INTO dim_device (device_id, device_type, browser_info, os, is_bot)
       SELECT n, CASE WHEN n %% 50 = 0 THEN 'Bot' ELSE (ARRAY['Desktop', 'Mobile', 'Tablet'])[1 + n %% 3] END,
              'Browser ' || n %% 7, 'System ' || n %% 5, n %% 50 = 0
       FROM generate_series(1, %(visitors)s::integer) AS n""",
    # Each device has one user agent, of the same key.
    """INSERT INTO dim_user_agent (user_agent_key, user_agent_hash, device_type, browser_info, os, is_bot)
       OVERRIDING SYSTEM VALUE
       SELECT device_key, md5(device_id)::uuid, device_type, browser_info, os, is_bot
       FROM dim_device WHERE device_key > 0""",
    """INSERT INTO dim_campaign (campaign_hash, source, medium)
       VALUES (md5('["newsletter","email",null,null,null,null]')::uuid, 'newsletter', 'email')""",
    VISITS,
    EVENTS,
    """INSERT INTO fact_event (event_id, event_time, product_key, country_key, referrer_key, device_key, user_agent_key,
                               bus_offset, run_id, visitor, user_hash, session_id, person, order_key, date_key,
                               bus_partition, kind_key, is_bot, bus_topic, page, campaign_key)
       SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, device_key,
              row_number() OVER (), 1, visitor, user_hash, session_id, person,
              CASE WHEN kind = 'checkout_success' THEN event_id END, date_key, 0, kind_key, is_bot, 'views', 'page',
              coalesce(campaign_key, -2)
       FROM visit_event JOIN dim_event_kind USING (kind)
       LEFT JOIN dim_campaign AS campaign ON campaign.source = utm_source""",
    """INSERT INTO fact_product_view_event (event_id, event_time, product_key, country_key, referrer_key, device_key,
                                            user_agent_key, bus_offset, run_id, visitor, user_hash, session_id, person,
                                            date_key, bus_partition, is_bot, bus_topic, utm_source, utm_medium)
       SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, device_key,
              row_number() OVER (), 1, visitor, user_hash, session_id, person, date_key, 0, is_bot, 'views', utm_source,
              CASE WHEN utm_source IS NOT NULL THEN 'email' END
       FROM visit_event WHERE kind = 'view_product_detail'""",
    """INSERT INTO fact_product_views
       SELECT date_key, product_key, country_key, referrer_key, device_key, count(*), count(DISTINCT visitor),
              min(event_time), max(event_time), extract(epoch FROM max(event_time) - min(event_time)),
              to_timestamp(avg(extract(epoch FROM event_time))), now()
       FROM fact_product_view_event GROUP BY 1, 2, 3, 4, 5""",
    """INSERT INTO fact_daily_product_views (date_key, product_key, country_key, referrer_type, device_type, is_bot,
                                             views)
       SELECT date_key, product_key, country_key, referrer_type, agent.device_type, event.is_bot, count(*)
       FROM fact_product_view_event AS event
       JOIN dim_referrer USING (referrer_key)
       JOIN dim_user_agent AS agent USING (user_agent_key)
       GROUP BY 1, 2, 3, 4, 5, 6""",
    """INSERT INTO fact_cart_event (event_id, event_time, date_key, product_key, option_group_key, country_key,
                                    referrer_key, device_key, user_agent_key, visitor, user_hash, session_id, person,
                                    is_bot, run_id, price, currency)
       SELECT event_id, event_time, date_key, product_key, -2, country_key, referrer_key, device_key, device_key,
              visitor, user_hash, session_id, person, is_bot, 1, 100 + product_key, currency
       FROM visit_event WHERE kind = 'add_to_cart_action'""",
    """INSERT INTO fact_search (event_id, event_time, date_key, country_key, referrer_key, device_key, user_agent_key,
                                visitor, user_hash, session_id, person, is_bot, run_id, search_terms)
       SELECT event_id, event_time, date_key, country_key, referrer_key, device_key, device_key, visitor, user_hash,
              session_id, person, is_bot, 1, 'ring ' || device_key %% 7
       FROM visit_event WHERE kind = 'search_box_action'""",
    """INSERT INTO fact_recommendation (event_id, event_time, date_key, product_key, recommended_product_key,
                                        country_key, referrer_key, device_key, user_agent_key, visitor, user_hash,
                                        session_id, person, is_bot, run_id, place, step)
       SELECT event_id, event_time, date_key, product_key, CASE WHEN kind LIKE '%%clicked' THEN product_key ELSE -2 END,
              country_key, referrer_key, device_key, device_key, visitor, user_hash, session_id, person, is_bot, 1,
              'product_detail', split_part(kind, '_', 4)
       FROM visit_event WHERE kind LIKE 'product_detail_recommendation_%%'""",
    """INSERT INTO fact_order (order_key, order_id, event_id, event_time, date_key, country_key, referrer_key,
                               device_key, user_agent_key, visitor, user_hash, session_id, person, is_bot, events,
                               lines, items, revenue, currency, campaign_key, touch_referrer_key, first_campaign_key,
                               first_touch_referrer_key)
       SELECT event_id, number, event_id, event_time, date_key, country_key, referrer_key, device_key, device_key,
              visitor, user_hash, session_id, person, is_bot, 1, 1, 1, 100 + product_key, currency,
              coalesce(campaign_key, -2), referrer_key, coalesce(campaign_key, -2), referrer_key
       FROM visit_event LEFT JOIN dim_campaign AS campaign ON campaign.source = utm_source
       WHERE kind = 'checkout_success'""",
    """INSERT INTO fact_order_line
       SELECT event_id, 1, product_key, -1, 1, 100 + product_key, currency
       FROM visit_event WHERE kind = 'checkout_success'""",
    # The other feeds' facts, of which the marts make little.
    "INSERT INTO etl.feed_run (feed, time_zone, visitor_key) VALUES ('purchase-events', 'UTC', '')",
    """INSERT INTO fact_purchase (event_id, purchase_id, product_name, category, price, quantity, total_amount,
                                  event_time, date_key, bus_topic, bus_partition, bus_offset, run_id, user_key)
       SELECT event_id, event_id, 'Ring', 'home', 100, 2, 200, event_time, date_key, 'purchase-events', 0,
              row_number() OVER (), 1, -1
       FROM visit_event WHERE kind = 'checkout_success'""",
    """INSERT INTO fact_page_click (event_id, page_url, device_type, is_bot, referrer_type, event_time, date_key,
                                    bus_topic, bus_partition, bus_offset, run_id, user_key)
       SELECT event_id, 'page', 'Mobile', is_bot, 'Direct', event_time, date_key, 'click-events', 0,
              row_number() OVER (), 1, -1
       FROM visit_event WHERE kind = 'add_to_cart_action'""",
    """INSERT INTO fact_sensor_reading (event_id, sensor_id, temperature, humidity, event_time, date_key, bus_topic,
                                        bus_partition, bus_offset, run_id)
       SELECT event_id, 'door', 20, 50, event_time, date_key, 'sensor-readings', 0, row_number() OVER (), 1
       FROM visit_event WHERE kind = 'search_box_action'""",
    """INSERT INTO exchange_rate (currency, rate_date, rate, reporting_currency)
       VALUES ('EUR', '2015-01-01', 1, 'EUR'), ('GBP', '2026-01-05', 1.15, 'EUR'),
              ('GBP', '2026-01-20', 1.25, 'EUR')""",
    """INSERT INTO fact_session (session_id, visitor, person, started_at, ended_at, duration_seconds, date_key,
                                 country_key, referrer_key, device_key, user_agent_key, entry_page, exit_page, events,
                                 views, distinct_products, reached_cart, reached_checkout, reached_order, is_bot,
                                 chain_started_at, campaign_key, touch_referrer_key, first_campaign_key,
                                 first_touch_referrer_key, pages, entry_page_type, next_page_type, exit_page_type,
                                 seconds_to_view, seconds_to_cart, seconds_to_checkout, seconds_to_order)
       SELECT session_id, visitor, person, min(event_time), max(event_time),
              extract(epoch FROM max(event_time) - min(event_time)), date_key, country_key, referrer_key, device_key,
              device_key, 'page', 'page', count(*), count(*) FILTER (WHERE kind = 'view_product_detail'),
              count(DISTINCT product_key) FILTER (WHERE kind = 'view_product_detail'),
              bool_or(kind = 'add_to_cart_action'), bool_or(kind = 'checkout'), bool_or(kind = 'checkout_success'),
              is_bot, min(event_time), coalesce(campaign_key, -2), referrer_key, coalesce(campaign_key, -2),
              referrer_key, count(page_type),
              (array_agg(page_type ORDER BY number) FILTER (WHERE page_type IS NOT NULL))[1],
              (array_agg(page_type ORDER BY number) FILTER (WHERE page_type IS NOT NULL))[2],
              (array_agg(page_type ORDER BY number DESC) FILTER (WHERE page_type IS NOT NULL))[1],
              extract(epoch FROM min(event_time) FILTER (WHERE step = 'view') - min(event_time)),
              extract(epoch FROM min(event_time) FILTER (WHERE step = 'cart') - min(event_time)),
              extract(epoch FROM min(event_time) FILTER (WHERE step = 'checkout') - min(event_time)),
              extract(epoch FROM min(event_time) FILTER (WHERE step = 'order') - min(event_time))
       FROM visit_event
       JOIN dim_event_kind USING (kind)
       LEFT JOIN dim_campaign AS campaign ON campaign.source = utm_source
       GROUP BY session_id, visitor, person, date_key, country_key, referrer_key, device_key, is_bot, campaign_key""",
    """INSERT INTO fact_product_visitors (date_key, product_key, is_bot, visitors, persons)
       SELECT date_key, product_key, is_bot, hll_add_agg(hll_hash_text(visitor::text)),
              hll_add_agg(hll_hash_text(person::text))
       FROM fact_product_view_event GROUP BY 1, 2, 3""",
    """INSERT INTO fact_country_visitors (date_key, country_key, is_bot, visitors, persons)
       SELECT date_key, country_key, is_bot, hll_add_agg(hll_hash_text(visitor::text)),
              hll_add_agg(hll_hash_text(person::text))
       FROM fact_product_view_event GROUP BY 1, 2, 3""",
    """INSERT INTO fact_referrer_type_visitors (date_key, referrer_type, is_bot, visitors, persons)
       SELECT date_key, referrer_type, is_bot, hll_add_agg(hll_hash_text(visitor::text)),
              hll_add_agg(hll_hash_text(person::text))
       FROM fact_product_view_event JOIN dim_referrer USING (referrer_key) GROUP BY 1, 2, 3""",
    "DROP TABLE visit_event, visit",
)


def fill(connection: psycopg.Connection, visitors: int, products: int = 500) -> None:
    """Fill an empty warehouse with the visits of `visitors` in January 2026, about 6 product views for each of them.

    The owner's connection; the caller commits. The same rows whenever the sequence of `random()` is the same.
    """
    connection.execute("SELECT setseed(0.5)")
    for statement in STATEMENTS:
        connection.execute(statement.encode(), {"visitors": visitors, "products": products, "days": DAYS})
    connection.execute("ANALYZE")
