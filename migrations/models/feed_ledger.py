"""Schema etl, of the feeds beside the main one: which run loaded which offsets, and what was rejected."""

import datetime
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped

from migrations.models.base import column
from migrations.models.ledger import Ledger, OfPartition


class FeedRun(Ledger):
    """One row per run of the ETL that loaded a feed beside the main one; a run that failed left none"""

    __tablename__ = "feed_run"

    run_id: Mapped[int] = column("Run of a feed's ETL", "", Identity(always=True), primary_key=True)
    feed: Mapped[str] = column("Name of the declaration in config/feeds")
    started_at: Mapped[datetime.datetime] = column("UTC", server_default=func.now())
    finished_at: Mapped[datetime.datetime | None] = column("UTC")
    time_zone: Mapped[str] = column("Business time zone whose days its rows have")
    visitor_key: Mapped[str] = column("Keyed check value of the key that its hashes are made with")


class FeedRange(OfPartition, Ledger):
    """One row per run and partition: the offsets it loaded and what became of them; the next run begins at the last"""

    __tablename__ = "feed_range"
    extras = (
        CheckConstraint("from_offset < to_offset", name="feed_range_not_empty"),
        CheckConstraint("landed = loaded + duplicates + rejected + empty", name="feed_range_reconciles"),
    )

    from_offset: Mapped[int] = column("First offset of the range", primary_key=True)
    to_offset: Mapped[int] = column("First offset after the range")
    run_id: Mapped[int] = column("Run of a feed's ETL", "", ForeignKey("etl.feed_run.run_id"))
    topic_id: Mapped[str] = column("Kafka's id of the topic; empty where none was told", server_default="")
    landed: Mapped[int] = column("Documents read from the raw store")
    loaded: Mapped[int] = column("Events that became a row of the feed's fact")
    duplicates: Mapped[int] = column("Events whose id was loaded before, in this run or an earlier one")
    rejected: Mapped[int] = column("Events that break the declaration: rows of etl.rejected_feed_event")
    empty: Mapped[int] = column("Documents that hold no event: erased, or sent empty")


class RejectedFeedEvent(OfPartition, Ledger):
    """One row per event of a feed beside the main one that breaks its declaration"""

    __tablename__ = "rejected_feed_event"
    extras = (Index("rejected_feed_event_user", "user_hash", postgresql_where=text("user_hash IS NOT NULL")),)

    bus_offset: Mapped[int] = column("Offset of the event on the bus", primary_key=True)
    feed: Mapped[str] = column("Name of the declaration in config/feeds")
    field: Mapped[str] = column("Field of the first rule that the event breaks")
    rule: Mapped[str] = column("That rule")
    value: Mapped[str | None] = column(
        "The field's value, scrubbed; *** where it tells of a person, null where absent or expired"
    )
    original: Mapped[str | None] = column(
        "The declared fields that tell of nobody as JSON, scrubbed; null once expired"
    )
    event_time: Mapped[datetime.datetime | None] = column("When it happened, where it tells that")
    user_hash: Mapped[uuid.UUID | None] = column("Keyed hash of whose it is, where it names one")
    run_id: Mapped[int] = column("Run of a feed's ETL", "", ForeignKey("etl.feed_run.run_id"))
