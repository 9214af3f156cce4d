"""Campaigns: a dimension of what landing pages name, and what led to each session and order.

Of stored events only the source and medium of product views are known: their campaigns become members, and all other
events' are Unknown (`./millrace etl --full-refresh` reads them from the raw events). Touches are found among the
sessions that are stored, as sql/load did when this was written.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TEXTS = {
    "source": "utm_source, else the network of the click id: google, newsletter, facebook",
    "medium": "utm_medium, else that of the click id: cpc, email",
    "campaign": "utm_campaign: the name of the campaign",
    "term": "utm_term: the words that were paid for",
    "content": "utm_content: which of several advertisements or links",
    "click_id_kind": "The parameter that tells the click from all others, such as gclid; its value is kept nowhere",
}
LED_BY = {
    "campaign_key": (
        "dim_campaign",
        "Campaign of the last touch within 30 days that was not direct; -1 is Unknown, -2 where it names none",
    ),
    "touch_referrer_key": (
        "dim_referrer",
        "Page that the last touch came from; without one, that led to the first event; -1 is Unknown",
    ),
    "first_campaign_key": (
        "dim_campaign",
        "Campaign of the visitor's first touch, however long ago; -1 is Unknown, -2 where it names none",
    ),
    "first_touch_referrer_key": (
        "dim_referrer",
        "Page that the first touch came from; without one, that led to the first event; -1 is Unknown",
    ),
}
TOUCHED_AT = {"touched_at": "last", "first_touched_at": "first"}
MEMBERS = """
INSERT INTO dim_campaign (campaign_key, source, medium) OVERRIDING SYSTEM VALUE
VALUES (-1, 'Unknown', 'Unknown'), (-2, 'Not applicable', 'Not applicable')
"""
# As the ETL hashes them: the MD5 of a JSON array without spaces.
CAMPAIGNS_OF_VIEWS = """
INSERT INTO dim_campaign (campaign_hash, source, medium)
SELECT md5(concat('[', coalesce(to_json(source)::text, 'null'), ',', coalesce(to_json(medium)::text, 'null'),
                  ',null,null,null,null]'))::uuid,
       source, medium
FROM (
    SELECT DISTINCT nullif(btrim(utm_source), '') AS source, nullif(btrim(utm_medium), '') AS medium
    FROM fact_product_view_event
) AS told
WHERE coalesce(source, medium) IS NOT NULL
ORDER BY source, medium
"""
CAMPAIGNS_OF_EVENTS = """
UPDATE fact_event AS event
SET campaign_key = campaign.campaign_key
FROM fact_product_view_event AS seen
JOIN dim_campaign AS campaign
  ON (coalesce(campaign.source, ''), coalesce(campaign.medium, ''))
   = (coalesce(btrim(seen.utm_source), ''), coalesce(btrim(seen.utm_medium), ''))
WHERE seen.event_id = event.event_id AND seen.date_key = event.date_key AND campaign.campaign_key > 0
"""
# A session that retention has unlinked is its own visitor.
TOUCHES = """
CREATE TEMPORARY TABLE touch ON COMMIT DROP AS
WITH named AS (
    SELECT DISTINCT ON (session_id) session_id, campaign_key, referrer_key
    FROM fact_event
    WHERE campaign_key > 0 AND session_id IS NOT NULL
    ORDER BY session_id, event_time, bus_partition, bus_offset
),
own AS (
    SELECT session.session_id, coalesce(session.visitor, session.session_id) AS visitor, session.visitor IS NOT NULL
           AS is_linked, session.is_bot, session.started_at, session.referrer_key,
           row_number() OVER (
               PARTITION BY coalesce(session.visitor, session.session_id), session.is_bot
               ORDER BY session.started_at, session.ended_at, session.session_id
           ) AS place,
           coalesce(ARRAY[named.campaign_key, named.referrer_key], CASE
               WHEN referrer.referrer_type NOT IN ('Direct', 'Internal', 'Spam', 'Unknown', 'Not applicable')
               THEN ARRAY[-1, session.referrer_key]
           END) AS touch
    FROM fact_session AS session
    JOIN dim_referrer AS referrer ON referrer.referrer_key = session.referrer_key
    LEFT JOIN named ON named.session_id = session.session_id
),
led AS (
    SELECT *,
           max(CASE WHEN touch IS NOT NULL THEN
               ARRAY[(extract(epoch FROM started_at) * 1000000)::bigint, place] || touch END) OVER so_far AS last_touch,
           min(CASE WHEN touch IS NOT NULL THEN
               ARRAY[(extract(epoch FROM started_at) * 1000000)::bigint, place] || touch END) OVER so_far AS first_touch
    FROM own
    WINDOW so_far AS (PARTITION BY visitor, is_bot ORDER BY place)
)
SELECT session_id, is_linked, referrer_key, first_touch, CASE
           WHEN last_touch[1] >= extract(epoch FROM started_at - interval '30 days') * 1000000 THEN last_touch
       END AS last_touch
FROM led
"""
SESSIONS_LED = """
UPDATE fact_session AS session
SET campaign_key = coalesce(last_touch[3], -1),
    touch_referrer_key = coalesce(last_touch[4], touch.referrer_key),
    first_campaign_key = coalesce(first_touch[3], -1),
    first_touch_referrer_key = coalesce(first_touch[4], touch.referrer_key),
    touched_at = CASE WHEN is_linked THEN timestamptz 'epoch' + last_touch[1] * interval '1 microsecond' END,
    first_touched_at = CASE WHEN is_linked THEN timestamptz 'epoch' + first_touch[1] * interval '1 microsecond' END
FROM touch
WHERE touch.session_id = session.session_id
"""
# Of orders without a session, what led to their event is all that is known.
ORDERS_LED = """
UPDATE fact_order AS purchase
SET campaign_key = coalesce(visit.campaign_key, -1),
    touch_referrer_key = coalesce(visit.touch_referrer_key, purchase.referrer_key),
    first_campaign_key = coalesce(visit.first_campaign_key, -1),
    first_touch_referrer_key = coalesce(visit.first_touch_referrer_key, purchase.referrer_key)
FROM fact_order AS same
LEFT JOIN fact_session AS visit ON visit.session_id = same.session_id
WHERE same.order_key = purchase.order_key
"""


def create_dimension() -> None:
    op.create_table(
        "dim_campaign",
        sa.Column(
            "campaign_key",
            sa.BigInteger,
            sa.Identity(always=True),
            primary_key=True,
            comment="Surrogate key; never changes",
        ),
        sa.Column("campaign_hash", UUID, unique=True, comment="MD5 of the other columns as JSON"),
        *(sa.Column(name, sa.Text, comment=comment) for name, comment in TEXTS.items()),
        comment="One row per campaign that the address of some landing page names",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dim_campaign TO warehouse_etl")
    op.execute(MEMBERS)


def create_staging() -> None:
    unlogged: dict[str, Any] = {"schema": "staging", "prefixes": ["UNLOGGED"]}
    op.add_column("event", sa.Column("campaign_hash", UUID), schema="staging")
    op.add_column("resolved_event", sa.Column("campaign_key", sa.BigInteger), schema="staging")
    op.create_table(
        "campaign",
        sa.Column("campaign_hash", UUID),
        *(sa.Column(name, sa.Text) for name in TEXTS),
        comment="One row per campaign that the page of some event of the run names",
        **unlogged,
    )
    op.create_table(
        "touch_before",
        sa.Column("visitor", UUID),
        sa.Column("is_bot", sa.Boolean),
        sa.Column("touched_at", sa.DateTime(True)),
        *(sa.Column(name, sa.BigInteger) for name in ("campaign_key", "touch_referrer_key")),
        sa.Column("first_touched_at", sa.DateTime(True)),
        *(sa.Column(name, sa.BigInteger) for name in ("first_campaign_key", "first_touch_referrer_key")),
        comment="One row per touched visitor and audience: the touches before the sessions that are made anew",
        **unlogged,
    )
    for name in ("campaign", "touch_before"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON staging.{name} TO warehouse_etl")


def add_columns() -> None:
    comment = "Campaign that its page's address names (dim_campaign); -1 is Unknown, -2 where it names none"
    op.add_column(
        "fact_event", sa.Column("campaign_key", sa.BigInteger, nullable=False, server_default="-1", comment=comment)
    )
    for fact in ("fact_session", "fact_order"):
        for name, (dimension, meaning) in LED_BY.items():
            comment = f"{meaning} ({dimension})"
            op.add_column(fact, sa.Column(name, sa.BigInteger, nullable=False, server_default="-1", comment=comment))
    for name, which in TOUCHED_AT.items():
        comment = (
            f"Start of the session of the {which} touch; null without one, and once retention has removed its events"
        )
        op.add_column("fact_session", sa.Column(name, sa.DateTime(True), comment=comment))


def upgrade() -> None:
    create_dimension()
    create_staging()
    add_columns()
    op.execute(CAMPAIGNS_OF_VIEWS)
    op.execute(CAMPAIGNS_OF_EVENTS)
    op.execute(TOUCHES)
    op.execute("ANALYZE touch")
    op.execute(SESSIONS_LED)
    op.execute("DROP TABLE touch")
    op.execute(ORDERS_LED)
    # The keys come before the foreign keys, which are then proved by set.
    for fact in ("fact_session", "fact_order"):
        for name, (dimension, _) in LED_BY.items():
            key = "campaign_key" if dimension == "dim_campaign" else "referrer_key"
            op.create_foreign_key(f"{fact}_{name}_fkey", fact, dimension, [name], [key])


def downgrade() -> None:
    for name in TOUCHED_AT:
        op.drop_column("fact_session", name)
    for fact in ("fact_order", "fact_session"):
        for name in LED_BY:
            op.drop_column(fact, name)
    op.drop_column("fact_event", "campaign_key")
    for name in ("touch_before", "campaign"):
        op.drop_table(name, schema="staging")
    op.drop_column("resolved_event", "campaign_key", schema="staging")
    op.drop_column("event", "campaign_hash", schema="staging")
    op.drop_table("dim_campaign")
