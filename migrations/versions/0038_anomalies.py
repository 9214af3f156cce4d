"""Anomalies of the live windows: incidents with what people said of them, how far is judged, and who was told."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

OF_JUDGE = "live.anomaly, live.anomaly_position, live.anomaly_delivery, live.anomaly_judge"
READERS = "warehouse_etl, bi_reader"
DECIDERS = "warehouse_etl"


def told(name: str, kind: sa.types.TypeEngine[Any], comment: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, comment=comment, **options)


def time(name: str, comment: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(True), comment=comment, **options)


def create_incidents() -> None:
    op.create_table(
        "anomaly",
        sa.Column("anomaly_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Surrogate key"),
        told("feed", sa.Text(), "Feed of the series"),
        told("metric", sa.Text(), "Metric of the series"),
        told("dimension", sa.Text(), "Dimension of the series; empty for the total"),
        told("member", sa.Text(), "Member of the dimension; empty for the total"),
        told("kind", sa.Text(), "spike, drop, level or rate of a sensor, silence of the feed"),
        time("started_at", "Begin of the first unusual window, UTC", nullable=False),
        time("last_window", "Begin of the last unusual window so far, UTC", nullable=False),
        time("ended_at", "End of the last unusual window, UTC; null while it goes on"),
        told("windows", sa.Integer(), "Windows from the first to the last"),
        time("worst_window", "Begin of the window that value, bounds and score are of, UTC", nullable=False),
        told(
            "summed",
            sa.SmallInteger(),
            "Windows that end with it and are judged together; value and bounds are their mean",
        ),
        told("value", sa.Double(), "What was seen"),
        told("expected", sa.Double(), "What the baseline expects"),
        told("lower", sa.Double(), "Below this it is unusual"),
        told("upper", sa.Double(), "Above this it is unusual"),
        told("score", sa.Double(), "Distance from what is expected, in robust standard deviations; negative below"),
        told("explanation", sa.Text(), "One sentence with the numbers"),
        told("state", sa.Text(), "open, confirmed or dismissed", server_default="open"),
        sa.Column("state_by", sa.Text, comment="Who said so last"),
        time("state_at", "When, UTC"),
        time("detected_at", "When it was found, UTC", nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("kind IN ('spike', 'drop', 'level', 'rate', 'silence')", name="anomaly_kind"),
        sa.CheckConstraint("state IN ('open', 'confirmed', 'dismissed')", name="anomaly_state"),
        sa.UniqueConstraint("feed", "metric", "dimension", "member", "started_at", "kind", name="anomaly_of_series"),
        sa.Index("anomaly_newest", sa.text("started_at DESC"), sa.text("anomaly_id DESC")),
        sa.Index("anomaly_going_on", "feed", "metric", postgresql_where=sa.text("ended_at IS NULL")),
        schema="live",
        comment="One row per incident: windows of a series that are unusual together",
    )


def create_progress() -> None:
    op.create_table(
        "anomaly_position",
        sa.Column("feed", sa.Text, primary_key=True, comment="Feed of the series"),
        sa.Column("metric", sa.Text, primary_key=True, comment="Metric of the series"),
        time("judged_to", "End of the last window that is judged, UTC", nullable=False),
        schema="live",
        comment="One row per feed and metric: how far its windows are judged",
    )
    op.create_table(
        "anomaly_delivery",
        sa.Column(
            "anomaly_id",
            sa.BigInteger,
            sa.ForeignKey("live.anomaly.anomaly_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            comment="Incident",
        ),
        time("posted_at", "When the webhook took it, UTC; null before"),
        sa.Column("indexed", sa.Text, comment="What Elasticsearch has of it: MD5 of the row; null before"),
        schema="live",
        comment="One row per incident that somebody was told of",
    )
    op.create_table(
        "anomaly_judge",
        sa.Column(
            "taken",
            sa.BigInteger,
            primary_key=True,
            autoincrement=False,
            comment="How many have begun; who finds another number than its own is over",
        ),
        schema="live",
        comment="One row: who judges",
    )
    op.execute("INSERT INTO live.anomaly_judge (taken) VALUES (0)")


def upgrade() -> None:
    create_incidents()
    create_progress()
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {OF_JUDGE} TO warehouse_stream")
    op.execute(f"GRANT SELECT ON live.anomaly TO {READERS}")
    # What people say of an incident, by the command or by the dashboard.
    op.execute(f"GRANT UPDATE (state, state_by, state_at) ON live.anomaly TO {DECIDERS}")


def downgrade() -> None:
    for table in ("anomaly_judge", "anomaly_delivery", "anomaly_position", "anomaly"):
        op.drop_table(table, schema="live")
