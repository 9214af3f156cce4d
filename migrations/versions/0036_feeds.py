"""The feeds beside the main one: dim_user, a fact each, and a ledger of their own.

Their own, for what etl.run and etl.run_range count is fact_event's, everywhere.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

FACTS = ("fact_purchase", "fact_page_click", "fact_customer_event", "fact_session_step", "fact_sensor_reading")
ON_THIS_DATABASE = "DO $$ BEGIN EXECUTE format('{}', current_database()); END $$"
RUN = "Run of a feed's ETL"
LEDGER = ("etl.rejected_feed_event", "etl.feed_range", "etl.feed_run")


def told(name: str, kind: sa.types.TypeEngine[Any], comment: str, *items: sa.schema.SchemaItem) -> sa.Column[Any]:
    return sa.Column(name, kind, *items, nullable=False, comment=comment)


def maybe(name: str, kind: sa.types.TypeEngine[Any], comment: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True, comment=comment, **options)


def day(what: str, **options: Any) -> sa.Column[int]:
    comment = f"Day of the {what} in the business time zone, yyyymmdd; -1 is Unknown (dim_date)"
    return sa.Column(
        "date_key", sa.Integer, sa.ForeignKey("dim_date.date_key"), nullable=False, comment=comment, **options
    )


def partition() -> list[sa.Column[Any]]:
    return [
        sa.Column("bus_topic", sa.Text, primary_key=True, comment="Topic of the bus"),
        sa.Column("bus_partition", sa.Integer, primary_key=True, autoincrement=False, comment="Partition of the topic"),
    ]


def create_users() -> None:
    op.create_table(
        "dim_user",
        sa.Column(
            "user_key",
            sa.BigInteger,
            sa.Identity(always=True),
            primary_key=True,
            comment="Surrogate key; never changes",
        ),
        maybe(
            "user_hash",
            sa.Uuid(),
            "Keyed hash of the user id, as in fact_event; null of member -1, Unknown",
            unique=True,
        ),
        maybe("age_group", sa.Text(), "At registration: under 18, 18-24, 25-34, 35-44, 45-54 or 55+"),
        maybe("city", sa.Text(), "City of residence, as told"),
        maybe("country", sa.Text(), "Country of residence, as told"),
        maybe("registered_at", sa.DateTime(True), "When the person registered, UTC"),
        day("registration", server_default="-1"),
        maybe("event_id", sa.Uuid(), "Identity of the registration", unique=True),
        maybe("bus_topic", sa.Text(), "Topic of the registration on the bus"),
        maybe("bus_partition", sa.Integer(), "Partition of the topic"),
        maybe("bus_offset", sa.BigInteger(), "Offset on the bus"),
        maybe("run_id", sa.BigInteger(), "Run of the ETL that loaded the registration (etl.feed_run)"),
        sa.CheckConstraint("(event_id IS NULL) = (run_id IS NULL)", name="dim_user_registration"),
        sa.CheckConstraint("(event_id IS NULL) = (bus_offset IS NULL)", name="dim_user_position"),
        comment="One row per user whom an event of the feeds names: what the registration tells, null where none is"
        " loaded",
    )
    op.execute("INSERT INTO dim_user (user_key) OVERRIDING SYSTEM VALUE VALUES (-1)")


def create_fact(name: str, comment: str, *columns: sa.Column[Any], has_user: bool = True) -> None:
    whose = "User; -1 where the event names none (dim_user)"
    user = [told("user_key", sa.BigInteger(), whose, sa.ForeignKey("dim_user.user_key"))] if has_user else []
    op.create_table(
        name,
        sa.Column(
            "event_id",
            sa.Uuid,
            primary_key=True,
            comment="Identity of the event: one that is sent again counts once",
        ),
        told("event_time", sa.DateTime(True), "When it happened, UTC"),
        day("event"),
        *user,
        *columns,
        told("bus_topic", sa.Text(), "Topic of the bus"),
        told("bus_partition", sa.Integer(), "Partition of the topic"),
        told("bus_offset", sa.BigInteger(), "Offset on the bus"),
        told("run_id", sa.BigInteger(), "Run of the ETL that loaded it (etl.feed_run)"),
        comment=comment,
    )
    op.create_index(f"{name}_date", name, ["date_key"], postgresql_using="brin")
    if has_user:
        op.create_index(f"{name}_user", name, ["user_key"])


def create_facts() -> None:
    create_fact(
        "fact_purchase",
        "One row per purchase of a product",
        maybe("purchase_id", sa.Text(), "The purchase, scrubbed"),
        maybe("product_name", sa.Text(), "Name of the product as shown to the buyer, scrubbed"),
        told("category", sa.Text(), "electronics, clothing, books or home"),
        told("price", sa.Numeric(), "Price of one piece, in the shop's currency"),
        told("quantity", sa.Integer(), "Pieces bought"),
        told("total_amount", sa.Numeric(), "Price of all pieces, in the shop's currency"),
    )
    create_fact(
        "fact_page_click",
        "One row per click that opens a page of the shop, those of robots included",
        maybe("page_url", sa.Text(), "Address of the opened page, scrubbed"),
        told(
            "device_type",
            sa.Text(),
            "Desktop, Mobile, Tablet, TV, Console, Bot, Other; Unknown where no user agent was sent",
        ),
        maybe("browser", sa.Text(), "Browser and major version"),
        maybe("os", sa.Text(), "Operating system"),
        told("is_bot", sa.Boolean(), "Whether the user agent is a robot's"),
        told("referrer_type", sa.Text(), "Search Engine, Social Media, Email, Internal, Direct, Other"),
        maybe("referrer_name", sa.Text(), "The service that the referrer belongs to"),
        maybe("referrer_domain", sa.Text(), "Host of the page before; null where there was none"),
    )


def create_facts_of_visits() -> None:
    create_fact(
        "fact_customer_event",
        "One row per act of a customer, in the web shop or a store",
        told("event_type", sa.Text(), "The act, such as view, add_to_cart, purchase, return"),
        maybe("product_category", sa.Text(), "Category of the product"),
        maybe("product_id", sa.Text(), "The product, as the feed names it"),
        maybe("amount", sa.Numeric(), "Money that changed hands, in the shop's currency"),
        maybe("quantity", sa.Integer(), "Pieces that it is about"),
        maybe("location", sa.Text(), "Where it happened: a store's city, or web"),
    )
    create_fact(
        "fact_session_step",
        "One row per step of a session in the feed user_clickstream; no session of fact_session",
        maybe("session_hash", sa.Uuid(), "Keyed hash of the session's id"),
        maybe("page", sa.Text(), "Path of the page, scrubbed"),
        told("action", sa.Text(), "What the visitor did there, such as view, click, submit"),
        maybe("status", sa.SmallInteger(), "HTTP status of the answer"),
        maybe("error", sa.Text(), "What went wrong, scrubbed; null where nothing did"),
        told("is_error", sa.Boolean(), "Whether status is 400 or above, or error says something"),
    )
    create_fact(
        "fact_sensor_reading",
        "One row per reading of a sensor",
        maybe("sensor_id", sa.Text(), "The sensor, scrubbed; no visitor's device"),
        told("temperature", sa.Numeric(), "Degrees Celsius"),
        told("humidity", sa.Numeric(), "Relative humidity in percent"),
        has_user=False,
    )


def create_runs() -> None:
    op.create_table(
        "feed_run",
        sa.Column("run_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment=RUN),
        told("feed", sa.Text(), "Name of the declaration in config/feeds"),
        sa.Column("started_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        maybe("finished_at", sa.DateTime(True), "UTC"),
        told("time_zone", sa.Text(), "Business time zone whose days its rows have"),
        told("visitor_key", sa.Text(), "Keyed check value of the key that its hashes are made with"),
        schema="etl",
        comment="One row per run of the ETL that loaded a feed beside the main one; a run that failed left none",
    )


def create_ranges() -> None:
    op.create_table(
        "feed_range",
        *partition(),
        sa.Column(
            "from_offset",
            sa.BigInteger,
            primary_key=True,
            autoincrement=False,
            comment="First offset of the range",
        ),
        told("to_offset", sa.BigInteger(), "First offset after the range"),
        told("run_id", sa.BigInteger(), RUN, sa.ForeignKey("etl.feed_run.run_id")),
        sa.Column(
            "topic_id",
            sa.Text,
            nullable=False,
            server_default="",
            comment="Kafka's id of the topic; empty where none was told",
        ),
        told("landed", sa.BigInteger(), "Documents read from the raw store"),
        told("loaded", sa.BigInteger(), "Events that became a row of the feed's fact"),
        told("duplicates", sa.BigInteger(), "Events whose id was loaded before, in this run or an earlier one"),
        told("rejected", sa.BigInteger(), "Events that break the declaration: rows of etl.rejected_feed_event"),
        told("empty", sa.BigInteger(), "Documents that hold no event: erased, or sent empty"),
        sa.CheckConstraint("from_offset < to_offset", name="feed_range_not_empty"),
        sa.CheckConstraint("landed = loaded + duplicates + rejected + empty", name="feed_range_reconciles"),
        schema="etl",
        comment="One row per run and partition: the offsets it loaded and what became of them; the next run begins at"
        " the last",
    )


def create_rejections() -> None:
    op.create_table(
        "rejected_feed_event",
        *partition(),
        sa.Column(
            "bus_offset",
            sa.BigInteger,
            primary_key=True,
            autoincrement=False,
            comment="Offset of the event on the bus",
        ),
        told("feed", sa.Text(), "Name of the declaration in config/feeds"),
        told("field", sa.Text(), "Field of the first rule that the event breaks"),
        told("rule", sa.Text(), "That rule"),
        maybe(
            "value",
            sa.Text(),
            "The field's value, scrubbed; *** where it tells of a person, null where absent or expired",
        ),
        maybe(
            "original",
            sa.Text(),
            "The declared fields that tell of nobody as JSON, scrubbed; null once expired",
        ),
        maybe("event_time", sa.DateTime(True), "When it happened, where it tells that"),
        maybe("user_hash", sa.Uuid(), "Keyed hash of whose it is, where it names one"),
        told("run_id", sa.BigInteger(), RUN, sa.ForeignKey("etl.feed_run.run_id")),
        sa.Index("rejected_feed_event_user", "user_hash", postgresql_where=sa.text("user_hash IS NOT NULL")),
        schema="etl",
        comment="One row per event of a feed beside the main one that breaks its declaration",
    )


def upgrade() -> None:
    create_users()
    create_facts()
    create_facts_of_visits()
    create_runs()
    create_ranges()
    create_rejections()
    # bi_reader reads what the owner makes in public; DELETE is for an erasure and for loading all anew.
    changed = ", ".join(("dim_user", *FACTS, *LEDGER))
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {changed} TO warehouse_etl")
    # Staging is temporary: all of a run is one transaction.
    op.execute(ON_THIS_DATABASE.format("GRANT TEMPORARY ON DATABASE %I TO warehouse_etl"))


def downgrade() -> None:
    op.execute(ON_THIS_DATABASE.format("REVOKE TEMPORARY ON DATABASE %I FROM warehouse_etl"))
    for name in LEDGER:
        op.drop_table(name.removeprefix("etl."), schema="etl")
    for name in (*FACTS, "dim_user"):
        op.drop_table(name)
