"""Schema etl: the ledger of runs, the watermarks of the bus and rejected events."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Numeric, func, text
from sqlalchemy.orm import Mapped

from migrations.models.base import FIRST, Base, Int2, Int4, column

MODES = "'incremental', 'days', 'full refresh', 'rejected', 'erasure'"


class Ledger(Base):
    """A table of schema etl."""

    __abstract__ = True
    schema_name = "etl"


class OfRun:
    """The run that a row belongs to."""

    run_id: Mapped[int] = column("Run of the ETL", "", ForeignKey("etl.run.run_id"), primary_key=True, sort_order=FIRST)


class OfPartition:
    """The partition of the bus that a row belongs to."""

    bus_topic: Mapped[str] = column("Topic of the bus", primary_key=True, sort_order=FIRST)
    bus_partition: Mapped[Int4] = column("Partition of the topic", primary_key=True, sort_order=FIRST)


class Counts:
    """What became of the events of a run or a range."""

    landed: Mapped[int] = column("Documents read from the raw store", server_default="0")
    other_kinds: Mapped[int] = column("Of these, events of no kind that the warehouse knows", server_default="0")
    events: Mapped[int] = column("Events of the known kinds: landed - other_kinds", server_default="0")
    loaded: Mapped[int] = column("Events that became a row of fact_event", server_default="0")
    duplicates: Mapped[int] = column(
        "Events whose id was loaded before, in this run or an earlier one", server_default="0"
    )
    rejected: Mapped[int] = column("Events that broke a rule: rows of etl.rejected_event", server_default="0")


class Run(Counts, Ledger):
    """One row per run of the ETL; landed = other_kinds + loaded + duplicates + rejected once finished"""

    __tablename__ = "run"
    extras = (
        CheckConstraint("status IN ('running', 'finished', 'failed', 'crashed')", name="run_status"),
        CheckConstraint(f"mode IN ({MODES})", name="run_mode"),
    )

    run_id: Mapped[int] = column("Run of the ETL", "", Identity(always=True), primary_key=True)
    status: Mapped[str] = column(
        "running, finished, failed (it said why), crashed (who took the lock next found it unfinished)",
        server_default="running",
    )
    started_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    finished_at: Mapped[datetime.datetime | None] = column("UTC; null while running or crashed")
    error: Mapped[str | None] = column("The one line that the run ended with")
    mode: Mapped[str] = column(
        "incremental: what had landed since; the others load again, and their counts are what they changed",
        server_default="incremental",
    )
    from_date: Mapped[datetime.date | None] = column("First day that was loaded again")
    to_date: Mapped[datetime.date | None] = column("Last day that was loaded again")


class RunRange(OfRun, OfPartition, Counts, Ledger):
    """One row per finished run and partition: the range of offsets it loaded, and what became of its events"""

    __tablename__ = "run_range"
    extras = (
        CheckConstraint("from_offset < to_offset", name="run_range_not_empty"),
        CheckConstraint("landed = other_kinds + events", name="run_range_kinds"),
        CheckConstraint("events = loaded + duplicates + rejected", name="run_range_reconciles"),
    )

    from_offset: Mapped[int] = column("First offset of the range")
    to_offset: Mapped[int] = column("First offset after the range")


class RunKind(OfRun, OfPartition, Ledger):
    """One row per finished run, partition and kind of event"""

    __tablename__ = "run_kind"

    kind: Mapped[str] = column("The event's collection; (unknown) for any not expected", primary_key=True)
    events: Mapped[int] = column("Events of the kind read from the raw store")


class Watermark(OfPartition, Ledger):
    """One row per partition: how far the warehouse has come"""

    __tablename__ = "watermark"

    next_offset: Mapped[int] = column("First offset that no run has loaded")
    run_id: Mapped[int] = column("Run of the ETL", "", ForeignKey("etl.run.run_id"))
    topic_id: Mapped[str] = column(
        "Kafka's id of the topic that was loaded; empty where none was told", server_default=""
    )


class RejectedEvent(OfPartition, Ledger):
    """One row per event that broke a rule"""

    __tablename__ = "rejected_event"

    bus_offset: Mapped[int] = column("Offset of the event on the bus", primary_key=True)
    rule: Mapped[str] = column("First rule that the event broke")
    field: Mapped[str] = column("Field that the rule looks at")
    value: Mapped[str | None] = column("The field's value, scrubbed; null where absent or expired")
    original: Mapped[str | None] = column("The event as JSON, scrubbed; null once expired")
    run_id: Mapped[int] = column("Run of the ETL", "", ForeignKey("etl.run.run_id"))
    kind: Mapped[str] = column("The event's collection")
    event_date: Mapped[datetime.date | None] = column("Its day in the business time zone, where it tells one")


class Scrubbing(Ledger):
    """One row per version of the scrubber that went over all stored texts"""

    __tablename__ = "scrubbing"

    scrubber: Mapped[Int4] = column("Version (spark/stored_texts.py)", primary_key=True, autoincrement=False)
    scrubbed_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())


class SentOrderLine(Ledger):
    """One row per line of the cart of each event that tells of an order; fact_order_line has one event's"""

    __tablename__ = "sent_order_line"
    extras = (Index("sent_order_line_date", "date_key"),)

    event_id: Mapped[uuid.UUID] = column("Event that tells of an order (fact_event)", primary_key=True)
    line_number: Mapped[Int4] = column("Place in the cart, from 1", primary_key=True, autoincrement=False)
    date_key: Mapped[Int4] = column("Day of the event, yyyymmdd (dim_date)")
    product_key: Mapped[int] = column("Product (dim_product)", references="dim_product.product_key")
    option_group_key: Mapped[int] = column(
        "Options chosen (dim_option_group)", references="dim_option_group.option_group_key"
    )
    amount: Mapped[Decimal | None] = column("As in fact_order_line")
    price: Mapped[Decimal | None] = column("As in fact_order_line")
    currency: Mapped[str | None] = column("As in fact_order_line")
    currency_sent: Mapped[str | None] = column("As in fact_order_line")


class CarriedEvent(Ledger):
    """One row per event that retention removed of a session or an order that goes on in kept days, or may"""

    __tablename__ = "carried_event"

    event_id: Mapped[uuid.UUID] = column("Identity of the event", primary_key=True)
    event_time: Mapped[datetime.datetime] = column("As in fact_event")
    date_key: Mapped[Int4] = column("Day of the event, yyyymmdd (dim_date)")
    kind_key: Mapped[Int2] = column("As in fact_event", references="dim_event_kind.kind_key")
    product_key: Mapped[int] = column("As in fact_event", references="dim_product.product_key")
    country_key: Mapped[int] = column("As in fact_event", references="dim_store.country_key")
    referrer_key: Mapped[int] = column("As in fact_event", references="dim_referrer.referrer_key")
    device_key: Mapped[int] = column("As in fact_event", references="dim_device.device_key")
    user_agent_key: Mapped[int] = column("As in fact_event", references="dim_user_agent.user_agent_key")
    campaign_key: Mapped[int] = column("As in fact_event", references="dim_campaign.campaign_key")
    visitor: Mapped[uuid.UUID | None] = column("As in fact_event")
    user_hash: Mapped[uuid.UUID | None] = column("As in fact_event")
    session_id: Mapped[uuid.UUID | None] = column(
        "Session that goes on; null of an event that only its order carries", references="fact_session.session_id"
    )
    person: Mapped[uuid.UUID | None] = column("As in fact_event")
    is_bot: Mapped[bool] = column("As in fact_event")
    page: Mapped[str | None] = column("As in fact_event")
    order_key: Mapped[uuid.UUID | None] = column("As in fact_event", references="fact_order.order_key")
    order_id: Mapped[str | None] = column("As in fact_event")
    bus_topic: Mapped[str] = column("Topic of the bus")
    bus_partition: Mapped[Int4] = column("Partition of the topic")
    bus_offset: Mapped[int] = column("Offset on the bus")
    chain_started_at: Mapped[datetime.datetime | None] = column("As in fact_session; null without a session")


class QualityResult(Ledger):
    """One row per check and time that it ran"""

    __tablename__ = "quality_result"
    extras = (
        CheckConstraint("severity IN ('error', 'warning')", name="quality_result_severity"),
        Index("quality_result_name", "check_name", "checked_at"),
        Index("quality_result_run", "run_id", postgresql_where=text("run_id IS NOT NULL")),
    )

    checked_at: Mapped[datetime.datetime] = column(
        "When the checks were begun, the same for all that ran together", primary_key=True
    )
    check_name: Mapped[str] = column("File in sql/quality, without .sql", primary_key=True)
    run_id: Mapped[int | None] = column(
        "Run of the ETL whose rows were checked; null is the whole warehouse", "", ForeignKey("etl.run.run_id")
    )
    severity: Mapped[str] = column("error: the ETL publishes nothing that breaks it; warning: it only says so")
    passed: Mapped[bool] = column("Whether observed is no more than bound")
    observed: Mapped[Decimal | None] = column(
        "What the check counted or measured; null where it had no rows", type_=Numeric
    )
    bound: Mapped[Decimal] = column("The most that passes, in unit", type_=Numeric)
    unit: Mapped[str] = column("rows, percent, hours or times")
    detail: Mapped[str | None] = column("Counts or examples behind the observed value")


class Removed(Ledger):
    """One row per removal and partition: what retention took away, and how much"""

    __tablename__ = "removed"
    extras = (
        CheckConstraint("what IN ('facts', 'raw events', 'bus records')", name="removed_what"),
        CheckConstraint("(what = 'facts') = (month IS NOT NULL)", name="removed_month"),
        CheckConstraint("(what = 'facts') = (until_offset IS NULL)", name="removed_until"),
    )

    removed_id: Mapped[int] = column("Surrogate key", "generated", Identity(always=True), primary_key=True)
    what: Mapped[str] = column("facts (a month), raw events (MongoDB) or bus records (Kafka), both up to an offset")
    bus_topic: Mapped[str] = column("Topic of the bus")
    bus_partition: Mapped[Int4] = column("Partition of the topic")
    month: Mapped[datetime.date | None] = column("facts: first day of the month")
    until_offset: Mapped[int | None] = column("raw events, bus records: first offset that was kept")
    rows: Mapped[int] = column("Rows of fact_event, documents or records removed")
    with_visitor: Mapped[int] = column("facts: of these, events that have a visitor", server_default="0")
    orders: Mapped[int] = column("facts: of these, events that tell of an order", server_default="0")
    views: Mapped[int] = column("facts: of these, product views", server_default="0")
    replayed: Mapped[int] = column("bus records: of these, published again from dead letters", server_default="0")
    last_date: Mapped[datetime.date | None] = column("raw events: last day that an event among them belongs to")
    removed_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())


class ArchivedFile(Ledger):
    """One row per file of rows that were removed"""

    __tablename__ = "archived_file"

    path: Mapped[str] = column("Parquet file, absolute", primary_key=True)
    table_name: Mapped[str] = column("Fact that its rows are from")
    month: Mapped[datetime.date] = column("First day of the month")
    rows: Mapped[int] = column("Rows in the file")
    sha256: Mapped[str] = column("Of the file, as sha256sum prints it")
    archived_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())


class ForgottenVisitor(Ledger):
    """One row per forgotten visitor, and one of nobody that says since when there is a list"""

    __tablename__ = "forgotten_visitor"

    visitor: Mapped[uuid.UUID] = column("Hash of the id under FORGOTTEN_KEY", primary_key=True)
    forgotten_at: Mapped[datetime.datetime] = column("What was recorded until then stays away")


class Definition(Ledger):
    """One row per definition and run since which it holds: what the stored data mean"""

    __tablename__ = "definition"

    name: Mapped[str] = column("business time zone, visitor key, shop domains or version", primary_key=True)
    run_id: Mapped[int] = column(
        "First run of the ETL that loaded under it",
        "",
        ForeignKey("etl.run.run_id"),
        primary_key=True,
        autoincrement=False,
    )
    value: Mapped[str] = column("As set; of the visitor key a keyed check value")


class RunLock(Ledger):
    """One row: the advisory lock of the runs, which ends with its connection"""

    __tablename__ = "run_lock"

    taken: Mapped[int] = column(
        "How many commands took it to change something; who finds another number than its own lost it",
        primary_key=True,
        autoincrement=False,
    )


class Repeatable(Ledger):
    """One row per view and function made from a file of sql/marts or sql/functions"""

    __tablename__ = "repeatable"

    name: Mapped[str] = column("View or function, with its schema", primary_key=True)
    kind: Mapped[str] = column("VIEW, MATERIALIZED VIEW or FUNCTION")
    signature: Mapped[str] = column("Arguments of a function; empty for a view")
    checksum: Mapped[str] = column("SHA-256 of the file that it was made from")
    place: Mapped[Int4] = column("Order of dependence, from 1")
    reads: Mapped[list[str]] = column("Names of those that it reads")
    made_at: Mapped[datetime.datetime] = column("When, in UTC", server_default=func.now())
