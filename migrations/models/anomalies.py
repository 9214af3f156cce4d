"""Schema live: what is unusual of the windows, what people said of it, and who was told."""

import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped

from migrations.models.base import Int2, Int4, column
from migrations.models.live import Live


class Anomaly(Live):
    """One row per incident: windows of a series that are unusual together"""

    __tablename__ = "anomaly"
    extras = (
        CheckConstraint("kind IN ('spike', 'drop', 'level', 'rate', 'silence')", name="anomaly_kind"),
        CheckConstraint("state IN ('open', 'confirmed', 'dismissed')", name="anomaly_state"),
        UniqueConstraint("feed", "metric", "dimension", "member", "started_at", "kind", name="anomaly_of_series"),
        Index("anomaly_newest", text("started_at DESC"), text("anomaly_id DESC")),
        Index("anomaly_going_on", "feed", "metric", postgresql_where=text("ended_at IS NULL")),
    )

    anomaly_id: Mapped[int] = column("Surrogate key", "generated", Identity(always=True), primary_key=True)
    feed: Mapped[str] = column("Feed of the series")
    metric: Mapped[str] = column("Metric of the series")
    dimension: Mapped[str] = column("Dimension of the series; empty for the total")
    member: Mapped[str] = column("Member of the dimension; empty for the total")
    kind: Mapped[str] = column("spike, drop, level or rate of a sensor, silence of the feed")
    started_at: Mapped[datetime.datetime] = column("Begin of the first unusual window, UTC")
    last_window: Mapped[datetime.datetime] = column("Begin of the last unusual window so far, UTC")
    ended_at: Mapped[datetime.datetime | None] = column("End of the last unusual window, UTC; null while it goes on")
    windows: Mapped[Int4] = column("Windows from the first to the last")
    worst_window: Mapped[datetime.datetime] = column("Begin of the window that value, bounds and score are of, UTC")
    summed: Mapped[Int2] = column("Windows that end with it and are judged together; value and bounds are their mean")
    value: Mapped[float] = column("What was seen")
    expected: Mapped[float] = column("What the baseline expects")
    lower: Mapped[float] = column("Below this it is unusual")
    upper: Mapped[float] = column("Above this it is unusual")
    score: Mapped[float] = column("Distance from what is expected, in robust standard deviations; negative below")
    explanation: Mapped[str] = column("One sentence with the numbers")
    state: Mapped[str] = column("open, confirmed or dismissed", server_default="open")
    state_by: Mapped[str | None] = column("Who said so last")
    state_at: Mapped[datetime.datetime | None] = column("When, UTC")
    detected_at: Mapped[datetime.datetime] = column("When it was found, UTC", server_default=func.now())


class AnomalyPosition(Live):
    """One row per feed and metric: how far its windows are judged"""

    __tablename__ = "anomaly_position"

    feed: Mapped[str] = column("Feed of the series", primary_key=True)
    metric: Mapped[str] = column("Metric of the series", primary_key=True)
    judged_to: Mapped[datetime.datetime] = column("End of the last window that is judged, UTC")


class AnomalyDelivery(Live):
    """One row per incident that somebody was told of"""

    __tablename__ = "anomaly_delivery"

    anomaly_id: Mapped[int] = column(
        "Incident", "", ForeignKey("live.anomaly.anomaly_id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    posted_at: Mapped[datetime.datetime | None] = column("When the webhook took it, UTC; null before")
    indexed: Mapped[str | None] = column("What Elasticsearch has of it: MD5 of the row; null before")


class AnomalyJudge(Live):
    """One row: who judges"""

    __tablename__ = "anomaly_judge"

    taken: Mapped[int] = column(
        "How many have begun; who finds another number than its own is over", primary_key=True, autoincrement=False
    )
