"""Orders are linked by events within 24 hours, and by however many links.

Who is one buyer of an order id was told by its events of all time, so that orders of closed days were linked by what
came weeks later; then by a few links, which of them being an accident of hashes. Stored orders are told anew, as far as
their events are kept or carried over, and the sessions that converted by them.
"""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

EVENTS = """
CREATE TEMPORARY TABLE known_event ON COMMIT DROP AS
SELECT event_id, event_time, date_key, order_key, order_id, country_key, referrer_key, device_key, user_agent_key,
       visitor, user_hash, session_id, person, is_bot, campaign_key, bus_topic, bus_partition, bus_offset
FROM fact_event WHERE order_key IS NOT NULL
UNION ALL
SELECT event_id, event_time, date_key, order_key, order_id, country_key, referrer_key, device_key, user_agent_key,
       visitor, user_hash, session_id, person, is_bot, campaign_key, bus_topic, bus_partition, bus_offset
FROM etl.carried_event WHERE order_key IS NOT NULL
"""
RENAMED = """
CREATE TEMPORARY TABLE renamed ON COMMIT DROP AS
WITH RECURSIVE told AS (
    SELECT event.event_id, event.date_key, event.order_id, event.country_key, event.event_time, event.bus_topic,
           event.bus_partition, event.bus_offset, event.order_key AS known_key,
           coalesce(event.person::text, 'device ' || event.device_key) AS person,
           coalesce(nullif(event.device_key, -1)::text, event.visitor::text, '') AS device
    FROM known_event AS event
    WHERE event.order_id IS NOT NULL
),
of_person AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER acts > interval '24 hours', true) AS begins_person
    FROM told
    WINDOW acts AS (PARTITION BY order_id, country_key, person ORDER BY event_time)
),
person_chained AS (
    SELECT *, person || ' ' || extract(epoch FROM max(event_time) FILTER (WHERE begins_person) OVER (
        PARTITION BY order_id, country_key, person ORDER BY event_time
    )) AS person_chain
    FROM of_person
),
of_device AS (
    SELECT *, coalesce(event_time - lag(event_time) OVER acts > interval '24 hours', true) AS begins_device
    FROM person_chained
    WINDOW acts AS (PARTITION BY order_id, country_key, device ORDER BY event_time)
),
chained AS (
    SELECT event_id, date_key, order_id, country_key, event_time, bus_topic, bus_partition, bus_offset, known_key,
           person_chain,
           device || ' ' || extract(epoch FROM max(event_time) FILTER (WHERE begins_device) OVER (
               PARTITION BY order_id, country_key, device ORDER BY event_time
           )) AS device_chain
    FROM of_device
),
linked AS (
    SELECT *, person_chain AS buyer, true AS is_moving FROM chained
    UNION ALL
    SELECT event_id, date_key, order_id, country_key, event_time, bus_topic, bus_partition, bus_offset, known_key,
           person_chain, device_chain, by_buyer, bool_or(by_buyer <> buyer) OVER (PARTITION BY order_id, country_key)
    FROM (
        SELECT *, min(by_person) OVER (PARTITION BY order_id, country_key, buyer) AS by_buyer
        FROM (
            SELECT *, min(by_device) OVER (PARTITION BY order_id, country_key, person_chain) AS by_person
            FROM (
                SELECT *, min(buyer) OVER (PARTITION BY order_id, country_key, device_chain) AS by_device
                FROM linked
                WHERE is_moving
            ) AS of_device_chain
        ) AS of_person_chain
    ) AS of_buyer
),
named AS (
    SELECT event_id, date_key, known_key, first_value(event_id) OVER (
        PARTITION BY order_id, country_key, buyer ORDER BY event_time, bus_topic, bus_partition, bus_offset
    ) AS order_key
    FROM linked
    WHERE NOT is_moving
)
SELECT event_id, date_key, known_key, order_key FROM named WHERE order_key <> known_key
"""
TOUCHED = """
CREATE TEMPORARY TABLE touched_order ON COMMIT DROP AS
SELECT known_key AS order_key FROM renamed UNION SELECT order_key FROM renamed
"""
# What led to an order that goes on without its session, no event tells any more.
LED = """
CREATE TEMPORARY TABLE led ON COMMIT DROP AS
SELECT order_key, campaign_key, touch_referrer_key, first_campaign_key, first_touch_referrer_key
FROM fact_order JOIN touched_order USING (order_key)
WHERE session_id IS NULL AND order_key IN (SELECT order_key FROM etl.carried_event)
"""
REMOVED = "DELETE FROM fact_order AS known USING touched_order AS touched WHERE known.order_key = touched.order_key"
OF_EVENT = """
UPDATE {table} AS event SET order_key = renamed.order_key
FROM renamed WHERE event.event_id = renamed.event_id AND event.date_key = renamed.date_key
"""
ORDERS = """
WITH told AS (
    SELECT event.order_key, event.order_id, event.event_id, event.event_time, event.date_key, event.country_key,
           event.referrer_key, event.device_key, event.user_agent_key, event.visitor, event.user_hash, event.session_id,
           event.person, event.is_bot, event.campaign_key, row_number() OVER of_order AS place,
           count(*) OVER (PARTITION BY event.order_key) AS events
    FROM known_event AS event
    JOIN touched_order USING (order_key)
    WINDOW of_order AS (
        PARTITION BY event.order_key
        ORDER BY event.event_time, event.bus_topic, event.bus_partition, event.bus_offset
    )
),
cart AS (
    SELECT DISTINCT ON (order_key) order_key, event_id
    FROM told
    WHERE EXISTS (SELECT FROM etl.sent_order_line AS line WHERE line.event_id = told.event_id)
    ORDER BY order_key, place
),
total AS (
    SELECT order_key, event_id, count(*) AS lines, coalesce(sum(amount), 0) AS items, sum(amount * price) AS revenue,
           CASE WHEN count(currency) = count(*) AND count(DISTINCT currency) = 1 THEN min(currency) END AS currency,
           CASE
               WHEN count(price) < count(*) THEN 'no price'
               WHEN count(amount) < count(*) THEN 'no amount'
               WHEN count(currency) < count(*) THEN 'unknown currency'
               WHEN count(DISTINCT currency) > 1 THEN 'several currencies'
           END AS missing
    FROM cart
    JOIN etl.sent_order_line AS line USING (event_id)
    GROUP BY order_key, event_id
)
INSERT INTO fact_order (
    order_key, order_id, event_id, event_time, date_key, country_key, referrer_key, device_key, user_agent_key, visitor,
    user_hash, session_id, person, is_bot, events, lines, items, revenue, currency, cart_event_id, revenue_missing,
    campaign_key, touch_referrer_key, first_campaign_key, first_touch_referrer_key
)
SELECT told.order_key, told.order_id, told.event_id, told.event_time, told.date_key, told.country_key,
       told.referrer_key, told.device_key, told.user_agent_key, told.visitor, told.user_hash, told.session_id,
       told.person, told.is_bot, told.events, coalesce(total.lines, 0), coalesce(total.items, 0),
       CASE WHEN total.missing IS NULL THEN total.revenue END, total.currency,
       total.event_id, CASE WHEN total.event_id IS NULL THEN 'empty cart' ELSE total.missing END,
       coalesce(led.campaign_key, told.campaign_key), coalesce(led.touch_referrer_key, told.referrer_key),
       coalesce(led.first_campaign_key, told.campaign_key),
       coalesce(led.first_touch_referrer_key, told.referrer_key)
FROM told
LEFT JOIN led USING (order_key)
LEFT JOIN total USING (order_key)
WHERE told.place = 1
"""
LINES = """
INSERT INTO fact_order_line (
    order_key, line_number, product_key, option_group_key, amount, price, currency, currency_sent,
    product_version_key
)
SELECT order_key, line.line_number, line.product_key, line.option_group_key, line.amount, line.price, line.currency,
       line.currency_sent, coalesce(version.product_version_key, -1)
FROM touched_order
JOIN fact_order AS purchase USING (order_key)
JOIN etl.sent_order_line AS line ON line.event_id = purchase.cart_event_id
LEFT JOIN dim_product_version AS version
    ON version.product_key = line.product_key
    AND version.valid_from <= purchase.event_time
    AND version.valid_to > purchase.event_time
"""
LED_BY_SESSION = """
UPDATE fact_order AS purchase
SET campaign_key = visit.campaign_key,
    touch_referrer_key = visit.touch_referrer_key,
    first_campaign_key = visit.first_campaign_key,
    first_touch_referrer_key = visit.first_touch_referrer_key
FROM touched_order AS changed, fact_session AS visit
WHERE purchase.order_key = changed.order_key
  AND visit.session_id = purchase.session_id
  AND (purchase.campaign_key, purchase.touch_referrer_key, purchase.first_campaign_key,
       purchase.first_touch_referrer_key)
      IS DISTINCT FROM (visit.campaign_key, visit.touch_referrer_key, visit.first_campaign_key,
                        visit.first_touch_referrer_key)
"""

CONVERTED = """
UPDATE fact_session AS visit
SET reached_order = told.ordered_at IS NOT NULL,
    seconds_to_order = extract(epoch FROM told.ordered_at - visit.started_at)
FROM (
    SELECT session_id, min(event_time) FILTER (WHERE order_key = event_id) AS ordered_at
    FROM known_event
    WHERE session_id IN (SELECT session_id FROM known_event JOIN renamed USING (event_id))
    GROUP BY session_id
) AS told
WHERE visit.session_id = told.session_id
"""
VERSION = """
UPDATE etl.definition SET value = '{version}'
WHERE name = 'version' AND run_id = (SELECT max(run_id) FROM etl.definition WHERE name = 'version')
"""


def upgrade() -> None:
    op.execute(EVENTS)
    op.execute(RENAMED)
    op.execute(TOUCHED)
    op.execute(LED)
    op.execute(REMOVED)
    for table in ("fact_event", "known_event", "etl.carried_event"):
        op.execute(OF_EVENT.format(table=table))
    op.execute(ORDERS)
    op.execute(LINES)
    op.execute(LED_BY_SESSION)
    op.execute(CONVERTED)
    op.execute(VERSION.format(version=3))


def downgrade() -> None:
    """Orders are right under either revision."""
    op.execute(VERSION.format(version=2))
