"""Schema live: windows of the feeds beside the main one, and what the stream measures about itself."""

import datetime
import uuid
from decimal import Decimal

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from migrations.models.base import FIRST, Int2, column
from migrations.models.live import Live, OfWindow

LAST_BATCH = "Last batch that changed the row"
SESSION = "Keyed hash of the session's id"


class OfFeed:
    """The feed that a row belongs to."""

    feed: Mapped[str] = column("Name of the feed", primary_key=True, sort_order=FIRST - 2)


class LiveFeed(OfFeed, Live):
    """One row per feed beside the main one that the stream has counted"""

    __tablename__ = "feed"

    bus_topic: Mapped[str] = column("Its topic on the bus")
    watermark: Mapped[datetime.datetime | None] = column("Event time up to which the feed's windows are complete")
    kept_from: Mapped[datetime.datetime | None] = column("Windows before this one were removed as old")
    late_before_kept: Mapped[int] = column("Events for windows that were removed", server_default="0")
    batch_id: Mapped[int] = column("Last batch that had records of the feed")


class FeedEventId(OfFeed, Live):
    """One row per counted event of the feeds beside the main one, for STREAM_IDS_HOURS after its window"""

    __tablename__ = "feed_event_id"
    extras = (Index("feed_event_id_window", "feed", "window_start"),)

    event_id: Mapped[uuid.UUID] = column("Keyed hash of what tells the feed's events apart", primary_key=True)
    window_start: Mapped[datetime.datetime] = column("Window that it was counted for")


class WindowMetric(OfFeed, Live):
    """One row per feed, metric, dimension, member and window: what view live.series is made from"""

    __tablename__ = "window_metric"
    extras = (
        Index("window_metric_batch", "batch_id"),
        Index("window_metric_window", "window_start"),
        Index("window_metric_open", "feed", "window_start", postgresql_where=text("closed_batch_id IS NULL")),
    )

    metric: Mapped[str] = column("What is counted or measured", primary_key=True)
    dimension: Mapped[str] = column("What it is broken down by; empty for the total", primary_key=True)
    member: Mapped[str] = column("Member of the dimension; empty for the total", primary_key=True)
    window_start: Mapped[datetime.datetime] = column(
        "First instant of the window, UTC; of verdicts the minute of the bus, of pipeline that of the commit",
        primary_key=True,
    )
    events: Mapped[int] = column("How many: events, users or sessions", server_default="0")
    total: Mapped[Decimal | None] = column("Sum of the measured values; of a ratio its numerator")
    minimum: Mapped[Decimal | None] = column("Least of the measured values")
    maximum: Mapped[Decimal | None] = column("Greatest of the measured values")
    batch_id: Mapped[int] = column(LAST_BATCH)
    closed_batch_id: Mapped[int | None] = column("Batch that closed the window; null while it is open")


class RecentLatency(OfFeed, Live):
    """One row per feed, open minute of commits and class of latency: how many events took so long"""

    __tablename__ = "recent_latency"

    minute: Mapped[datetime.datetime] = column("Minute of the commit, UTC", primary_key=True)
    latency_class: Mapped[Int2] = column(
        "The class ends at 2 ^ (class / 8) milliseconds", primary_key=True, autoincrement=False, name="class"
    )
    events: Mapped[int] = column("Events of the class")


class Export(Live):
    """One row per store that the stream writes metrics to: how far it is there"""

    __tablename__ = "export"

    target: Mapped[str] = column("elasticsearch", primary_key=True)
    batch_id: Mapped[int] = column("Everything up to this batch is written there")
    written_at: Mapped[datetime.datetime] = column("When it was, UTC")


class WindowSession(OfFeed, OfWindow, Live):
    """One row per open window, session and user of a feed with sessions; removed when the window closes"""

    __tablename__ = "window_session"

    session: Mapped[uuid.UUID] = column(SESSION, primary_key=True)
    person: Mapped[uuid.UUID] = column("Keyed hash of the user, as in the warehouse", primary_key=True)
    last_time: Mapped[datetime.datetime] = column("Newest event of it in the window")
    is_converted: Mapped[bool] = column("Whether it bought something in the window")


class RecentSession(OfFeed, Live):
    """One row per session of the last 24 hours of a feed with sessions"""

    __tablename__ = "recent_session"

    session: Mapped[uuid.UUID] = column(SESSION, primary_key=True)
    person: Mapped[uuid.UUID] = column("Keyed hash of the user that it was first seen with")
    first_time: Mapped[datetime.datetime] = column("First event of it that was counted")
    last_time: Mapped[datetime.datetime] = column("Newest event of it that was counted")
