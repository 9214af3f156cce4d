"""Schema live: what the stream has counted by window of event time, and how far it has read the bus."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from migrations.models.base import FIRST, Base, Int4, column
from migrations.models.ledger import OfPartition

BUYER_VISITOR = "As in fact_event; all zeros where the event names none"
AN_EVENTS_PERSON = "The event's user, else its visitor"


class Live(Base):
    """A table of schema live."""

    __abstract__ = True
    schema_name = "live"


class OfWindow:
    """The window that a row belongs to."""

    window_start: Mapped[datetime.datetime] = column(
        "First instant of the window, UTC", primary_key=True, sort_order=FIRST - 1
    )


class ChangedBy:
    """The batch that a row is of."""

    batch_id: Mapped[int] = column("Last batch that changed the row")


class Stream(Live):
    """One row: the stream as a whole"""

    __tablename__ = "stream"

    taken: Mapped[int] = column(
        "How many streams have begun; who finds another number than its own is over",
        primary_key=True,
        autoincrement=False,
    )
    batch_id: Mapped[int] = column("Last batch that was applied, over all streams", server_default="0")
    window_seconds: Mapped[Int4 | None] = column("Length of a window; null before the first stream")
    watermark: Mapped[datetime.datetime | None] = column("Event time up to which the windows are complete")
    kept_from: Mapped[datetime.datetime | None] = column("Windows before this one were removed as old")
    late_before_kept: Mapped[int] = column("Events for windows that were removed", server_default="0")
    updated_at: Mapped[datetime.datetime | None] = column("When the last batch was applied, UTC")


class Position(OfPartition, Live):
    """One row per partition: how far the stream has counted"""

    __tablename__ = "position"

    topic_id: Mapped[str] = column("Kafka's id of the topic; empty where none was told")
    first_offset: Mapped[int] = column("First offset that the stream has read")
    next_offset: Mapped[int] = column("First offset that is not counted")
    reached_time: Mapped[datetime.datetime | None] = column(
        "Greatest event time of the partition, as far as the bus's own time vouches for it"
    )
    heard_at: Mapped[datetime.datetime] = column(
        "When the partition last told a time, else when the stream first looked at it, UTC"
    )
    batch_id: Mapped[int] = column("Batch that moved the position last")
    begun_after_run: Mapped[int] = column(
        "Last run of the ETL (etl.run) when the stream began here; what was rejected and a later one loaded, the stream"
        " rejected, too",
        server_default="0",
    )


class EventId(Live):
    """One row per counted event that fact_event does not have yet, so that a second one is known"""

    __tablename__ = "event_id"

    event_id: Mapped[uuid.UUID] = column("Identity of the event", primary_key=True)
    bus_topic: Mapped[str] = column("Topic of the bus")
    bus_partition: Mapped[Int4] = column("Partition of the topic")
    bus_offset: Mapped[int] = column("Offset of the event on the bus")
    window_start: Mapped[datetime.datetime] = column("Window that it was counted for")
    kind: Mapped[str] = column("The event's collection")


class WindowTotal(OfWindow, Live):
    """One row per window with events: all of them, robots included"""

    __tablename__ = "window_total"
    extras = (
        Index("window_total_open", "window_start", postgresql_where=text("closed_batch_id IS NULL")),
        Index("window_total_batch", "batch_id"),
    )

    window_end: Mapped[datetime.datetime] = column("First instant after the window, UTC")
    events: Mapped[int] = column("Events that came while the window was open", server_default="0")
    views: Mapped[int] = column("Of these, product views that came while the window was open", server_default="0")
    order_events: Mapped[int] = column(
        "Of these, events that tell of an order (checkout_success) that came while the window was open",
        server_default="0",
    )
    bot_events: Mapped[int] = column("Events of robots among them", server_default="0")
    bot_views: Mapped[int] = column("Of these, product views of robots among them", server_default="0")
    bot_order_events: Mapped[int] = column(
        "Of these, events that tell of an order (checkout_success) of robots among them", server_default="0"
    )
    orders: Mapped[int] = column("Orders of people and robots, each where it was first told", server_default="0")
    bot_orders: Mapped[int] = column("Of these, orders of robots", server_default="0")
    visitors: Mapped[int] = column("Distinct visitors, people only", server_default="0")
    persons: Mapped[int] = column("Distinct persons by what the window itself tells, people only", server_default="0")
    early_events: Mapped[int] = column(
        "Events further ahead of their time on the bus, or of the stream's own clock, than is tolerated",
        server_default="0",
    )
    late_events: Mapped[int] = column(
        "Events that came after the window was closed, counted here only", server_default="0"
    )
    late_views: Mapped[int] = column(
        "Of these, product views that came after the window was closed, counted here only", server_default="0"
    )
    late_order_events: Mapped[int] = column(
        "Of these, events that tell of an order (checkout_success) that came after the window was closed, counted here"
        " only",
        server_default="0",
    )
    erased_events: Mapped[int] = column(
        "Events of forgotten visitors, counted or late, which the facts do not have any more", server_default="0"
    )
    erased_views: Mapped[int] = column(
        "Of these, product views of forgotten visitors, counted or late, which the facts do not have any more",
        server_default="0",
    )
    erased_order_events: Mapped[int] = column(
        "Of these, events that tell of an order (checkout_success) of forgotten visitors, counted or late, which the"
        " facts do not have any more",
        server_default="0",
    )
    batch_id: Mapped[int] = column("Last batch that changed the row")
    closed_batch_id: Mapped[int | None] = column("Batch that closed the window; null while it is open")
    updated_at: Mapped[datetime.datetime] = column("When that batch was applied, UTC")


class WindowCount(OfWindow, ChangedBy, Live):
    """One row per window, dimension and member that its events name"""

    __tablename__ = "window_count"

    dimension: Mapped[str] = column("kind, product (of events that name one), store or referrer type", primary_key=True)
    member: Mapped[str] = column("Natural key of the member; Unknown where the event names none", primary_key=True)
    events: Mapped[int] = column("Events of the member", server_default="0")
    views: Mapped[int] = column("Of these, product views of the member", server_default="0")
    bot_events: Mapped[int] = column("Events of the member, of robots", server_default="0")
    bot_views: Mapped[int] = column("Of these, product views of the member, of robots", server_default="0")


class WindowRevenue(OfWindow, ChangedBy, Live):
    """One row per window, audience and currency with revenue"""

    __tablename__ = "window_revenue"

    is_bot: Mapped[bool] = column("Whether robots ordered", primary_key=True)
    currency: Mapped[str] = column("ISO 4217", primary_key=True)
    orders: Mapped[int] = column("Orders whose lines have one sum in this currency", server_default="0")
    revenue: Mapped[Decimal] = column("Sum of amount x price", server_default="0")


class Quality(ChangedBy, Live):
    """One row per minute of the bus and verdict on the records that it took then"""

    __tablename__ = "quality"
    extras = (
        Index("quality_batch", "batch_id"),
        Index("quality_open", "minute", postgresql_where=text("closed_batch_id IS NULL")),
    )

    minute: Mapped[datetime.datetime] = column(
        "Minute by the records' own time on the bus, UTC; 1970 where they have none", primary_key=True
    )
    verdict: Mapped[str] = column("valid, duplicate, the rule that rejects it, or why it is no event", primary_key=True)
    events: Mapped[int] = column("Records with this verdict", server_default="0")
    closed_batch_id: Mapped[int | None] = column(
        "Batch that found the minute over; null while records of it are expected", sort_order=1
    )


class WindowVisitor(OfWindow, Live):
    """One row per open window, visitor and person, people only; removed when the window closes"""

    __tablename__ = "window_visitor"

    visitor: Mapped[uuid.UUID] = column("As in fact_event", primary_key=True)
    person: Mapped[uuid.UUID] = column(AN_EVENTS_PERSON, primary_key=True)


class RecentOrder(Live):
    """One row per order id and buyer of the last 24 hours of the stream, so that it is not counted again"""

    __tablename__ = "recent_order"

    order_hash: Mapped[uuid.UUID] = column("MD5 of store and order id", primary_key=True)
    visitor: Mapped[uuid.UUID] = column(BUYER_VISITOR, primary_key=True)
    person: Mapped[uuid.UUID] = column(AN_EVENTS_PERSON, primary_key=True)
    last_time: Mapped[datetime.datetime] = column("Newest event of the buyer")
    has_cart: Mapped[bool] = column("Whether one of them had lines")


class WindowReach(OfWindow, OfPartition, Live):
    """One row per window and partition with events of it: how far the ETL must have come to have them all"""

    __tablename__ = "window_reach"

    next_offset: Mapped[int] = column("First offset after the window's last event there")
