"""A visitor is a device, a person who it is; sessions survive a login; people and bots apart in the sketches.

Until now `visitor` was the user where an event named one, else the device. The hash of the device of a logged-in event
is in no fact; it is made again from dim_device.device_id with the ETL's key (VISITOR_HASH_KEY). What differs from it
was the user's. Sessions and sketches are made anew from the facts that are kept. Where retention has removed the facts,
a session keeps its events and its person, and a sketch counts people and bots as it did.
"""

import hmac
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.types import UserDefinedType

from config.errors import ConfigurationError
from migrations.sessions_0021 import (
    KEPT_SESSION,
    KEPT_SESSIONS_UP,
    SESSIONS,
    SESSIONS_REMOVED,
    VISIT_EVENT,
    WHO_DOWN,
    WHO_UP,
)
from migrations.settings import VisitorKeySettings

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DEVICES_AT_ONCE = 50_000
# Of so many events of known devices some are a guest's: 95 % are, in the feed.
ENOUGH_EVENTS = 1_000
PARTITIONED = ("fact_event", "fact_product_view_event")
PATH = ("fact_cart_event", "fact_search", "fact_recommendation")
FACTS = (*PARTITIONED, *PATH, "fact_order")
VISITOR = "Keyed hash of the user id, else of the device id; null where neither"
VISITOR_NOW = "Keyed hash of the device id, else of the user id; null where neither"
WHO = {
    "user_hash": "Keyed hash of the user id; null where the event names none",
    "session_id": "Session that it belongs to (fact_session); null without a visitor",
    "person": "The user where any event of the session names one, else the visitor; null without a visitor",
}
SESSION_COMMENTS = {
    "TABLE fact_session": (
        "One row per visitor's session: 30 minutes of silence end it, and 24 hours cut it",
        "One row per visitor's session: 30 minutes of silence or another user end it, and 24 hours cut it",
    ),
    "COLUMN fact_session.session_id": (
        "MD5 of visitor and time of the first event",
        "MD5 of visitor and time of the first event; of users in turn, also of which it is",
    ),
    "COLUMN fact_session.chain_started_at": (
        "Start of the unbroken activity; before started_at only where 24 hours cut it",
        "Start of the unbroken activity; before started_at only where 24 hours or another user cut it",
    ),
}
SKETCHES = {
    "fact_product_visitors": ("product_key", "product", "who viewed it", "its visitors as a sketch"),
    "fact_country_visitors": ("country_key", "country", "who viewed a product", "its visitors as a sketch"),
    "fact_referrer_type_visitors": (
        "referrer_type",
        "referrer type",
        "who viewed a product",
        "its visitors as a sketch",
    ),
}
SKETCH = "hll_cardinality(hll_union_agg(visitors)), error 2.3 %"

# A temporary table, dropped at the end: the hash of each device that is known by id.
DEVICE_VISITOR = "CREATE TEMP TABLE device_visitor (device_key bigint PRIMARY KEY, visitor uuid NOT NULL)"
DEVICES = """
SELECT device_key, device_id FROM dim_device WHERE device_id IS NOT NULL AND device_key > :after
ORDER BY device_key LIMIT :rows
"""
ADD_DEVICES = "INSERT INTO device_visitor VALUES (:device_key, :visitor)"
KNOWN_GUESTS = """
SELECT count(*), count(*) FILTER (WHERE event.visitor = device.visitor)
FROM fact_event AS event JOIN device_visitor AS device USING (device_key) WHERE event.visitor IS NOT NULL
"""
TELL_WHO = """
UPDATE {fact} AS fact
SET visitor = who.visitor, user_hash = who.user_hash, session_id = who.session_id, person = who.person
FROM visit_event AS who
WHERE fact.event_id = who.event_id{day}
"""
# Orders of which retention has removed every event.
ARCHIVED_ORDERS = """
UPDATE fact_order AS purchase
SET person = purchase.visitor, visitor = coalesce(device.visitor, purchase.visitor),
    user_hash = CASE WHEN purchase.visitor <> device.visitor THEN purchase.visitor END
FROM fact_order AS known
LEFT JOIN device_visitor AS device USING (device_key)
WHERE purchase.order_key = known.order_key AND purchase.visitor IS NOT NULL AND purchase.person IS NULL
"""
# All events of a device have one visitor.
DAILY = """
UPDATE fact_product_views AS daily SET unique_visitors = 1
FROM device_visitor AS device
WHERE device.device_key = daily.device_key AND daily.unique_visitors > 1
"""
SKETCHES_UP = """
INSERT INTO {table} (date_key, {member}, is_bot, visitors, persons)
SELECT date_key, {member}, is_bot,
       hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor, person),
       hll_add_agg(hll_hash_text(person::text) ORDER BY visitor, person)
FROM fact_product_view_event JOIN dim_referrer USING (referrer_key)
WHERE visitor IS NOT NULL
GROUP BY date_key, {member}, is_bot
"""
SKETCHES_DOWN = """
INSERT INTO {table} (date_key, {member}, visitors)
SELECT date_key, {member}, hll_add_agg(hll_hash_text(visitor::text) ORDER BY visitor)
FROM fact_product_view_event JOIN dim_referrer USING (referrer_key)
WHERE visitor IS NOT NULL
GROUP BY date_key, {member}
"""
UNITED = """
CREATE TEMP TABLE united AS
SELECT date_key, {member}, hll_union_agg(persons) AS visitors
FROM {table}
WHERE date_key < etl.facts_kept_from()
GROUP BY date_key, {member}
"""


class Hll(UserDefinedType[bytes]):
    """The type of the extension hll."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "hll"


def say(target: str, comment: str) -> None:
    quoted = comment.replace("'", "''")
    op.execute(f"COMMENT ON {target} IS '{quoted}'")


def hash_devices() -> None:
    """Fill `device_visitor`; raises ConfigurationError where the key is not the one that visitors were hashed with."""
    connection = op.get_bind()
    op.execute(DEVICE_VISITOR)
    if not connection.execute(sa.text("SELECT EXISTS (SELECT FROM fact_session)")).scalar():
        return
    key = VisitorKeySettings.load().visitor_hash_key.get_secret_value().encode()
    after = -1
    while rows := connection.execute(sa.text(DEVICES), {"after": after, "rows": DEVICES_AT_ONCE}).fetchall():
        after = rows[-1][0]
        hashed = [{"device_key": number, "visitor": hashed_id(key, text)} for number, text in rows if text.strip()]
        if hashed:
            connection.execute(sa.text(ADD_DEVICES), hashed)
    op.execute("ANALYZE device_visitor")
    events, guests = connection.execute(sa.text(KNOWN_GUESTS)).one()
    if events >= ENOUGH_EVENTS and not guests:
        raise ConfigurationError("VISITOR_HASH_KEY", "is not the key that the loaded events' visitors were hashed with")


def hashed_id(key: bytes, device_id: str) -> str:
    """As the ETL hashed identities when this revision was written."""
    return hmac.digest(key, device_id.strip().encode("utf-8", "replace"), "sha256")[:16].hex()


def upgrade() -> None:
    op.execute("SET LOCAL work_mem = '256MB'")
    alter_staging()
    add_columns()
    hash_devices()
    for statement in (KEPT_SESSION, WHO_UP, "ANALYZE who", VISIT_EVENT, "ANALYZE visit_event", SESSIONS_REMOVED):
        op.execute(statement)
    op.execute("UPDATE fact_session SET person = visitor")
    op.execute(KEPT_SESSIONS_UP)
    op.execute(SESSIONS.format(person="person, ", part_person="part.person, "))
    op.alter_column("fact_session", "person", nullable=False)
    for fact in FACTS:
        op.execute(TELL_WHO.format(fact=fact, day=" AND fact.date_key = who.date_key" if fact in PARTITIONED else ""))
    op.execute(ARCHIVED_ORDERS)
    op.execute(DAILY)
    for table, (member, name, who, _) in SKETCHES.items():
        add_audience(table, member, name, who)
    op.drop_index("fact_product_view_event_day_visitor", "fact_product_view_event")
    create_visitor_index(["person", "is_bot"])
    for table in ("device_visitor", "kept_session", "who", "visit_event"):
        op.execute(f"DROP TABLE {table}")


def alter_staging() -> None:
    op.add_column("event", sa.Column("user_hash", UUID), schema="staging")
    for name in WHO:
        op.add_column("resolved_event", sa.Column(name, UUID), schema="staging")
    unlogged: dict[str, Any] = {"schema": "staging", "prefixes": ["UNLOGGED"]}
    op.create_table(
        "session_event",
        sa.Column("event_id", UUID),
        sa.Column("date_key", sa.Integer),
        *(sa.Column(name, UUID) for name in ("visitor", "session_id", "person")),
        sa.Column("chain_started_at", sa.DateTime(True)),
        sa.Column("is_first", sa.Boolean, comment="Whether it begins the session"),
        sa.Column("is_last", sa.Boolean, comment="Whether it ends the session"),
        sa.Column("is_new", sa.Boolean, comment="Whether the warehouse does not have it yet"),
        sa.Column("is_moved", sa.Boolean, comment="Whether the warehouse has it with another session or person"),
        sa.Column("is_renamed", sa.Boolean, comment="Whether the warehouse has it with another person"),
        comment="One row per event of a touched visitor: the session that it belongs to now",
        **unlogged,
    )
    op.create_table(
        "renamed_view",
        sa.Column("date_key", sa.Integer),
        *(sa.Column(name, sa.BigInteger) for name in ("product_key", "country_key", "referrer_key")),
        comment="One row per day and members of views whose person is another or gone: sketches that are made anew",
        **unlogged,
    )
    for name in ("session_event", "renamed_view"):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON staging.{name} TO warehouse_etl")


def add_columns() -> None:
    for fact in FACTS:
        for name, comment in WHO.items():
            op.add_column(fact, sa.Column(name, UUID, comment=comment))
        say(f"COLUMN {fact}.visitor", VISITOR_NOW)
    op.add_column(
        "fact_session", sa.Column("person", UUID, comment="The user where any event names one, else the visitor")
    )
    for target, (_, comment) in SESSION_COMMENTS.items():
        say(target, comment)


def add_audience(table: str, member: str, name: str, who: str) -> None:
    op.add_column(
        table,
        sa.Column(
            "is_bot",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="Of bots, or of people; people of days archived before revision 0021 include bots",
        ),
    )
    op.alter_column(table, "is_bot", server_default=None)
    persons = "Sketch of the persons who viewed a product, as visitors"
    op.add_column(table, sa.Column("persons", Hll, comment=persons))
    op.execute(f"UPDATE {table} SET persons = visitors")
    op.alter_column(table, "persons", nullable=False)
    op.drop_constraint(f"{table}_pkey", table)
    op.create_primary_key(f"{table}_pkey", table, ["date_key", member, "is_bot"])
    op.execute(f"DELETE FROM {table} WHERE date_key >= etl.facts_kept_from()")
    op.execute(SKETCHES_UP.format(table=table, member=member))
    say(f"TABLE {table}", f"One row per day, {name} and audience: {who}, as sketches")
    say(f"COLUMN {table}.visitors", f"Sketch of the visitors who viewed a product: {SKETCH}")


def create_visitor_index(included: list[str]) -> None:
    op.create_index(
        "fact_product_view_event_day_visitor",
        "fact_product_view_event",
        ["date_key", "visitor"],
        postgresql_include=included,
    )


def downgrade() -> None:
    op.execute("SET LOCAL work_mem = '256MB'")
    op.drop_index("fact_product_view_event_day_visitor", "fact_product_view_event")
    op.execute(KEPT_SESSION)
    for statement in (WHO_DOWN, "ANALYZE who", VISIT_EVENT, "ANALYZE visit_event", SESSIONS_REMOVED):
        op.execute(statement)
    op.execute("UPDATE fact_session SET visitor = person")
    op.drop_column("fact_session", "person")
    op.execute(SESSIONS.format(person="", part_person=""))
    for table in ("kept_session", "who", "visit_event"):
        op.execute(f"DROP TABLE {table}")
    for fact in FACTS:
        op.execute(f"UPDATE {fact} SET visitor = user_hash WHERE user_hash <> visitor")
        for name in reversed(WHO):
            op.drop_column(fact, name)
        say(f"COLUMN {fact}.visitor", VISITOR if fact in PARTITIONED else "As in fact_event")
    for target, (comment, _) in SESSION_COMMENTS.items():
        say(target, comment)
    for table, (member, name, _, what) in SKETCHES.items():
        drop_audience(table, member, name, what)
    create_visitor_index([])
    for table in ("renamed_view", "session_event"):
        op.drop_table(table, schema="staging")
    for name in reversed(WHO):
        op.drop_column("resolved_event", name, schema="staging")
    op.drop_column("event", "user_hash", schema="staging")


def drop_audience(table: str, member: str, name: str, what: str) -> None:
    # Of archived days the persons, people and bots together, are the nearest to what was counted before.
    op.execute(UNITED.format(table=table, member=member))
    op.execute(f"DELETE FROM {table}")
    op.drop_constraint(f"{table}_pkey", table)
    op.drop_column(table, "persons")
    op.drop_column(table, "is_bot")
    op.create_primary_key(f"{table}_pkey", table, ["date_key", member])
    op.execute(f"INSERT INTO {table} (date_key, {member}, visitors) SELECT date_key, {member}, visitors FROM united")
    op.execute("DROP TABLE united")
    op.execute(SKETCHES_DOWN.format(table=table, member=member))
    say(f"TABLE {table}", f"One row per day and {name}: {what}")
    say(f"COLUMN {table}.visitors", f"Sketch of those who viewed a product: {SKETCH}")
