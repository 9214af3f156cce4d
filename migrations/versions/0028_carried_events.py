"""Sessions and orders over retention's boundary are told from all their events; a user's events are found by an index.

What earlier versions removed cannot be carried over any more. Of an order its row tells the events that are gone: as
many with its time, store, device and person. A session that began before the first kept day is cut in two there: what
is kept is a session of its own, and what counts the events that are gone tells no longer whose it was, as no session of
these days does.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

AS_IN_FACT = "As in fact_event"
LED_BY = ("campaign_key", "touch_referrer_key", "first_campaign_key", "first_touch_referrer_key")
KEPT_FROM = """
CREATE TEMPORARY TABLE kept_from ON COMMIT DROP AS
SELECT coalesce(to_char(max(month) + interval '1 month', 'YYYYMMDD')::integer, 0) AS date_key
FROM etl.removed WHERE what = 'facts'
"""
# Sessions that are partly gone, and what their kept events make.
CUT = """
CREATE TEMPORARY TABLE cut_session ON COMMIT DROP AS
SELECT session.session_id AS old_id, md5(concat(session.visitor, to_char(
           min(event.event_time) AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'
       )))::uuid AS new_id,
       min(event.event_time) AS started_at, max(event.event_time) AS ended_at, count(*) AS events,
       count(*) FILTER (WHERE kind.step = 'view') AS views,
       count(DISTINCT event.product_key) FILTER (WHERE kind.step = 'view') AS distinct_products,
       bool_or(kind.step = 'cart') AS reached_cart, bool_or(kind.step = 'checkout') AS reached_checkout,
       bool_or(kind.step = 'order') AS reached_order, bool_or(event.is_bot) AS is_bot,
       (array_agg(event.event_id ORDER BY event.event_time, event.bus_partition, event.bus_offset))[1] AS first_event,
       count(kind.page_type) AS pages,
       array_agg(kind.page_type ORDER BY event.event_time, event.bus_partition, event.bus_offset)
           FILTER (WHERE kind.page_type IS NOT NULL) AS page_types,
       min(event.event_time) FILTER (WHERE kind.step = 'view') AS viewed_at,
       min(event.event_time) FILTER (WHERE kind.step = 'cart') AS carted_at,
       min(event.event_time) FILTER (WHERE kind.step = 'checkout') AS checked_out_at,
       min(event.event_time) FILTER (WHERE kind.step = 'order') AS ordered_at,
       (min(ARRAY[
           (extract(epoch FROM event.event_time) * 1000000)::bigint, event.bus_partition, event.bus_offset,
           event.campaign_key, event.referrer_key
       ]) FILTER (WHERE event.campaign_key > 0))[4:5] AS named
FROM fact_session AS session
JOIN fact_event AS event USING (session_id)
JOIN dim_event_kind AS kind USING (kind_key)
WHERE session.visitor IS NOT NULL AND session.date_key < (SELECT date_key FROM kept_from)
GROUP BY session.session_id
"""
# What led to it is its own touch, else what led to the whole.
KEPT_PART = """
INSERT INTO fact_session (
    session_id, visitor, person, started_at, ended_at, duration_seconds, date_key, country_key, referrer_key,
    device_key, user_agent_key, entry_page, exit_page, events, views, distinct_products, reached_cart,
    reached_checkout, reached_order, is_bot, chain_started_at, pages, entry_page_type, next_page_type, exit_page_type,
    seconds_to_view, seconds_to_cart, seconds_to_checkout, seconds_to_order, campaign_key, touch_referrer_key,
    touched_at, first_campaign_key, first_touch_referrer_key, first_touched_at
)
SELECT cut.new_id, session.visitor, session.person, cut.started_at, cut.ended_at,
       extract(epoch FROM cut.ended_at - cut.started_at), event.date_key, event.country_key, event.referrer_key,
       event.device_key, event.user_agent_key, event.page, session.exit_page, cut.events, cut.views,
       cut.distinct_products, cut.reached_cart, cut.reached_checkout, cut.reached_order, cut.is_bot, cut.started_at,
       cut.pages, cut.page_types[1], cut.page_types[2], cut.page_types[cardinality(cut.page_types)],
       extract(epoch FROM cut.viewed_at - cut.started_at), extract(epoch FROM cut.carted_at - cut.started_at),
       extract(epoch FROM cut.checked_out_at - cut.started_at), extract(epoch FROM cut.ordered_at - cut.started_at),
       CASE WHEN own IS NOT NULL THEN own[1] WHEN touched_at IS NULL THEN event.campaign_key
            ELSE session.campaign_key END,
       CASE WHEN own IS NOT NULL THEN own[2] WHEN touched_at IS NULL THEN event.referrer_key
            ELSE touch_referrer_key END,
       CASE WHEN own IS NOT NULL THEN cut.started_at ELSE touched_at END,
       CASE WHEN first_touched_at IS NULL THEN coalesce(own[1], event.campaign_key) ELSE first_campaign_key END,
       CASE WHEN first_touched_at IS NULL THEN coalesce(own[2], event.referrer_key) ELSE first_touch_referrer_key END,
       CASE WHEN first_touched_at IS NULL AND own IS NOT NULL THEN cut.started_at ELSE first_touched_at END
FROM cut_session AS cut
JOIN fact_session AS session ON session.session_id = cut.old_id
JOIN fact_event AS event ON event.event_id = cut.first_event
JOIN dim_referrer AS referrer ON referrer.referrer_key = event.referrer_key
CROSS JOIN LATERAL (
    SELECT coalesce(cut.named, CASE
        WHEN referrer.referrer_type NOT IN ('Direct', 'Internal', 'Spam', 'Unknown', 'Not applicable')
        THEN ARRAY[event.campaign_key, event.referrer_key]
    END) AS own
) AS touch
"""
# In how many seconds of its day it was over, nobody can tell any more.
GONE_PART = """
UPDATE fact_session AS session
SET session_id = gen_random_uuid(), visitor = NULL, person = NULL, device_key = -1,
    started_at = day.begun, ended_at = day.begun, duration_seconds = 0, chain_started_at = day.begun,
    exit_page = NULL,
    events = session.events - cut.events,
    views = session.views - cut.views,
    distinct_products = least(session.distinct_products, session.views - cut.views),
    reached_cart = session.reached_cart AND NOT cut.reached_cart,
    reached_checkout = session.reached_checkout AND NOT cut.reached_checkout,
    reached_order = session.reached_order AND NOT cut.reached_order,
    touched_at = NULL, first_touched_at = NULL,
    pages = session.pages - cut.pages,
    entry_page_type = CASE WHEN session.pages > cut.pages THEN entry_page_type END,
    next_page_type = CASE WHEN session.pages > cut.pages + 1 THEN next_page_type END,
    exit_page_type = NULL,
    seconds_to_view = CASE WHEN seconds_to_view < day.seconds THEN seconds_to_view END,
    seconds_to_cart = CASE WHEN seconds_to_cart < day.seconds THEN seconds_to_cart END,
    seconds_to_checkout = CASE WHEN seconds_to_checkout < day.seconds THEN seconds_to_checkout END,
    seconds_to_order = CASE WHEN seconds_to_order < day.seconds THEN seconds_to_order END
FROM cut_session AS cut
CROSS JOIN LATERAL (
    SELECT date_trunc('day', started_at) AS begun, extract(epoch FROM cut.started_at - started_at) AS seconds
    FROM fact_session WHERE session_id = cut.old_id
) AS day
WHERE session.session_id = cut.old_id
"""
# Others would be told anew from nothing, if an event joined them.
UNLINKED = """
UPDATE fact_session AS session
SET session_id = gen_random_uuid(), visitor = NULL, person = NULL, device_key = -1,
    started_at = day.begun, ended_at = day.begun + (session.ended_at - session.started_at),
    chain_started_at = day.begun, touched_at = NULL, first_touched_at = NULL
FROM (SELECT session_id, date_trunc('day', started_at) AS begun FROM fact_session) AS day
WHERE session.session_id = day.session_id AND session.visitor IS NOT NULL
  AND session.date_key < (SELECT date_key FROM kept_from)
"""
MOVED = """
UPDATE {fact} AS event SET session_id = cut.new_id FROM cut_session AS cut
WHERE event.session_id = cut.old_id AND event.date_key >= (SELECT date_key FROM kept_from)
"""
WITH_SESSION = (
    "fact_event",
    "fact_product_view_event",
    "fact_cart_event",
    "fact_search",
    "fact_recommendation",
    "fact_order",
)
# The first event is the order's own, another the one whose cart it has; of the rest, only the number is known.
ORDERS = """
INSERT INTO etl.carried_event (
    event_id, event_time, date_key, kind_key, product_key, country_key, referrer_key, device_key, user_agent_key,
    visitor, user_hash, session_id, person, is_bot, page, order_key, order_id, bus_topic, bus_partition, bus_offset,
    campaign_key
)
SELECT CASE place
           WHEN 1 THEN purchase.event_id
           WHEN 2 THEN coalesce(told.cart, gen_random_uuid())
           ELSE gen_random_uuid()
       END,
       purchase.event_time, purchase.date_key, kind.kind_key, -2, purchase.country_key, purchase.referrer_key,
       purchase.device_key, purchase.user_agent_key, purchase.visitor, purchase.user_hash, NULL, purchase.person,
       purchase.is_bot, NULL, purchase.order_key, purchase.order_id, told.bus_topic, told.bus_partition, -place,
       -1
FROM fact_order AS purchase
JOIN dim_event_kind AS kind ON kind.kind = 'checkout_success'
CROSS JOIN LATERAL (
    SELECT count(*) AS events, min(bus_topic) AS bus_topic, min(bus_partition) AS bus_partition,
           CASE WHEN NOT coalesce(bool_or(event.event_id = purchase.cart_event_id), false)
                AND purchase.cart_event_id <> purchase.event_id THEN purchase.cart_event_id END AS cart
    FROM fact_event AS event
    WHERE event.order_key = purchase.order_key
) AS told
CROSS JOIN generate_series(1, purchase.events - told.events) AS place
WHERE purchase.date_key < (SELECT date_key FROM kept_from) AND purchase.order_id IS NOT NULL AND told.events > 0
"""
LINES = """
INSERT INTO etl.sent_order_line (
    event_id, line_number, date_key, product_key, option_group_key, amount, price, currency, currency_sent
)
SELECT purchase.cart_event_id, line.line_number, purchase.date_key, line.product_key, line.option_group_key,
       line.amount, line.price, line.currency, line.currency_sent
FROM fact_order AS purchase
JOIN fact_order_line AS line USING (order_key)
JOIN etl.carried_event AS carried ON carried.event_id = purchase.cart_event_id
ON CONFLICT DO NOTHING
"""
# The session of such an order's first event is one of those that tell of nobody.
ORDER_SESSIONS = """
UPDATE fact_order SET session_id = NULL
WHERE session_id IN (SELECT old_id FROM cut_session) OR order_key IN (SELECT order_key FROM etl.carried_event)
"""


def create_carried_event() -> None:
    big = {
        "product_key": AS_IN_FACT,
        "country_key": AS_IN_FACT,
        "referrer_key": AS_IN_FACT,
        "device_key": AS_IN_FACT,
        "user_agent_key": AS_IN_FACT,
        "campaign_key": AS_IN_FACT,
    }
    session = "Session that goes on; null of an event that only its order carries"
    op.create_table(
        "carried_event",
        sa.Column("event_id", sa.Uuid, primary_key=True, comment="Identity of the event"),
        sa.Column("event_time", sa.DateTime(True), nullable=False, comment=AS_IN_FACT),
        sa.Column("date_key", sa.Integer, nullable=False, comment="Day of the event, yyyymmdd (dim_date)"),
        sa.Column("kind_key", sa.SmallInteger, nullable=False, comment=AS_IN_FACT),
        *(sa.Column(name, sa.BigInteger, nullable=False, comment=meaning) for name, meaning in big.items()),
        sa.Column("visitor", sa.Uuid, comment=AS_IN_FACT),
        sa.Column("user_hash", sa.Uuid, comment=AS_IN_FACT),
        sa.Column("session_id", sa.Uuid, comment=session),
        sa.Column("person", sa.Uuid, comment=AS_IN_FACT),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment=AS_IN_FACT),
        sa.Column("page", sa.Text, comment=AS_IN_FACT),
        sa.Column("order_key", sa.Uuid, comment=AS_IN_FACT),
        sa.Column("order_id", sa.Text, comment=AS_IN_FACT),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Topic of the bus"),
        sa.Column("bus_partition", sa.Integer, nullable=False, comment="Partition of the topic"),
        sa.Column("bus_offset", sa.BigInteger, nullable=False, comment="Offset on the bus"),
        sa.Column("chain_started_at", sa.DateTime(True), comment="As in fact_session; null without a session"),
        schema="etl",
        comment="One row per event that retention removed of a session or an order that goes on in kept days, or may",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON etl.carried_event TO warehouse_etl")
    # What led to an order whose session is unlinked, no event tells: it is kept while the order is made anew.
    for name in LED_BY:
        op.add_column("touched_order", sa.Column(name, sa.BigInteger), schema="staging")


def upgrade() -> None:
    create_carried_event()
    op.execute(KEPT_FROM)
    op.execute(ORDERS)
    op.execute(LINES)
    op.execute(CUT)
    op.execute(KEPT_PART)
    op.execute(GONE_PART)
    op.execute(UNLINKED)
    for fact in WITH_SESSION:
        op.execute(MOVED.format(fact=fact))
    op.execute(ORDER_SESSIONS)
    op.create_index("fact_event_user", "fact_event", ["user_hash"], postgresql_where=sa.text("user_hash IS NOT NULL"))

    op.create_index("fact_session_person", "fact_session", ["person"])


def downgrade() -> None:
    op.drop_index("fact_session_person", "fact_session")
    op.drop_index("fact_event_user", "fact_event")
    for name in LED_BY:
        op.drop_column("touched_order", name, schema="staging")
    op.drop_table("carried_event", schema="etl")
