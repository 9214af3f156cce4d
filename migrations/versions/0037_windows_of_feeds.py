"""The live side: windows of other feeds, what the stream measures about itself, and one view of it all."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

SHOWN = "live.feed, live.window_metric"
KEPT_APART = "live.feed_event_id, live.window_session, live.recent_session, live.recent_latency, live.export"
VIEW = """
CREATE VIEW live.series (feed, metric, dimension, member, window_start, value, unit, is_closed, batch_id) AS
SELECT 'product_views', told.metric, '', '', total.window_start, told.value::double precision, '',
       total.closed_batch_id IS NOT NULL, total.batch_id
FROM live.window_total AS total
CROSS JOIN LATERAL (
    VALUES ('events', events - bot_events), ('views', views - bot_views), ('visitors', visitors),
           ('orders', orders - bot_orders), ('late_events', late_events)
) AS told (metric, value)
UNION ALL
SELECT 'product_views', 'views', replace(counted.dimension, ' ', '_'), counted.member,
       counted.window_start, (counted.views - counted.bot_views)::double precision, '',
       total.closed_batch_id IS NOT NULL, greatest(counted.batch_id, total.closed_batch_id)
FROM live.window_count AS counted
JOIN live.window_total AS total USING (window_start)
WHERE counted.dimension IN ('product', 'store', 'referrer type') AND counted.views > counted.bot_views
UNION ALL
SELECT 'product_views', 'revenue', 'currency', earned.currency, earned.window_start, earned.revenue::double precision,
       earned.currency, total.closed_batch_id IS NOT NULL, greatest(earned.batch_id, total.closed_batch_id)
FROM live.window_revenue AS earned
JOIN live.window_total AS total USING (window_start)
WHERE NOT earned.is_bot
UNION ALL
SELECT 'product_views', CASE verdict WHEN 'valid' THEN 'valid' WHEN 'duplicate' THEN 'duplicates' ELSE 'invalid' END,
       CASE WHEN verdict IN ('valid', 'duplicate') THEN '' ELSE 'reason' END,
       CASE WHEN verdict IN ('valid', 'duplicate') THEN '' ELSE verdict END,
       minute, events::double precision, '', closed_batch_id IS NOT NULL, batch_id
FROM live.quality
UNION ALL
SELECT 'product_views', 'invalid', '', '', minute,
       coalesce(sum(events) FILTER (WHERE verdict NOT IN ('valid', 'duplicate')), 0)::double precision, '',
       bool_and(closed_batch_id IS NOT NULL), max(batch_id)
FROM live.quality
GROUP BY minute
UNION ALL
SELECT stored.feed, shown.metric, stored.dimension, stored.member, stored.window_start,
       -- Rounded: double precision refuses a number that is nearer to zero than its least.
       round(CASE shown.part
           WHEN 'events' THEN stored.events
           WHEN 'total' THEN stored.total
           WHEN 'mean' THEN stored.total / nullif(stored.events, 0)
           WHEN 'minimum' THEN stored.minimum
           WHEN 'maximum' THEN stored.maximum
       END, 15)::double precision,
       shown.unit, stored.closed_batch_id IS NOT NULL, stored.batch_id
FROM (
    VALUES ('events', 'events', 'events', ''),
           ('late_events', 'late_events', 'events', ''),
           ('valid', 'valid', 'events', ''),
           ('invalid', 'invalid', 'events', ''),
           ('duplicates', 'duplicates', 'events', ''),
           ('purchases', 'purchases', 'events', ''),
           ('revenue', 'purchases', 'total', ''),
           ('amount', 'amount', 'total', ''),
           ('page_views', 'page_views', 'events', ''),
           ('errors', 'steps', 'total', ''),
           ('error_rate', 'steps', 'mean', 'ratio'),
           ('active_users', 'active_users', 'events', ''),
           ('sessions', 'sessions', 'events', ''),
           ('conversion', 'sessions', 'mean', 'ratio'),
           ('session_seconds', 'session_seconds', 'mean', 'seconds'),
           ('clicks', 'clicks', 'events', ''),
           ('registrations', 'registrations', 'events', ''),
           ('temperature_min', 'temperature', 'minimum', '°C'),
           ('temperature_mean', 'temperature', 'mean', '°C'),
           ('temperature_max', 'temperature', 'maximum', '°C'),
           ('humidity_min', 'humidity', 'minimum', '%'),
           ('humidity_mean', 'humidity', 'mean', '%'),
           ('humidity_max', 'humidity', 'maximum', '%'),
           ('throughput', 'throughput', 'total', 'events/s'),
           ('latency_p50', 'latency_p50', 'total', 'seconds'),
           ('latency_p95', 'latency_p95', 'total', 'seconds'),
           ('latency_p99', 'latency_p99', 'total', 'seconds')
) AS shown (metric, stored_metric, part, unit)
JOIN live.window_metric AS stored ON stored.metric = shown.stored_metric
"""
VIEW_COMMENT = (
    "One row per feed, metric, dimension, member and window that has a value; people only where robots are known"
)
VIEW_COLUMNS = {
    "feed": "The feed; pipeline for what the stream measures about itself",
    "metric": "What is counted or measured (docs/live.md)",
    "dimension": "What the value is broken down by; empty for the total",
    "member": "Member of the dimension; empty for the total",
    "window_start": "First instant of the window, UTC; of valid, invalid and duplicates the minute of the bus, of"
    " pipeline the minute of the commit",
    "value": "The value, absolute",
    "unit": "Empty for counts",
    "is_closed": "Whether the window is complete",
    "batch_id": "Last batch that changed the row",
}


def key(name: str, kind: sa.types.TypeEngine[Any], comment: str) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def feed() -> sa.Column[Any]:
    return key("feed", sa.Text(), "Name of the feed")


def window() -> sa.Column[Any]:
    return key("window_start", sa.DateTime(True), "First instant of the window, UTC")


def number(name: str, comment: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, comment=comment, **options)


def instant(name: str, comment: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(True), nullable=nullable, comment=comment)


def create(name: str, comment: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, *columns, schema="live", comment=comment)


def create_feeds() -> None:
    create(
        "feed",
        "One row per feed beside the main one that the stream has counted",
        feed(),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Its topic on the bus"),
        instant("watermark", "Event time up to which the feed's windows are complete", nullable=True),
        instant("kept_from", "Windows before this one were removed as old", nullable=True),
        number("late_before_kept", "Events for windows that were removed", server_default="0"),
        number("batch_id", "Last batch that had records of the feed"),
    )
    create(
        "feed_event_id",
        "One row per counted event of the feeds beside the main one, for STREAM_IDS_HOURS after its window",
        feed(),
        key("event_id", sa.Uuid(), "Keyed hash of what tells the feed's events apart"),
        instant("window_start", "Window that it was counted for"),
        sa.Index("feed_event_id_window", "feed", "window_start"),
    )


def create_metrics() -> None:
    create(
        "window_metric",
        "One row per feed, metric, dimension, member and window: what view live.series is made from",
        feed(),
        key("metric", sa.Text(), "What is counted or measured"),
        key("dimension", sa.Text(), "What it is broken down by; empty for the total"),
        key("member", sa.Text(), "Member of the dimension; empty for the total"),
        key(
            "window_start",
            sa.DateTime(True),
            "First instant of the window, UTC; of verdicts the minute of the bus, of pipeline that of the commit",
        ),
        number("events", "How many: events, users or sessions", server_default="0"),
        sa.Column("total", sa.Numeric, comment="Sum of the measured values; of a ratio its numerator"),
        sa.Column("minimum", sa.Numeric, comment="Least of the measured values"),
        sa.Column("maximum", sa.Numeric, comment="Greatest of the measured values"),
        number("batch_id", "Last batch that changed the row"),
        sa.Column("closed_batch_id", sa.BigInteger, comment="Batch that closed the window; null while it is open"),
        sa.Index("window_metric_batch", "batch_id"),
        sa.Index("window_metric_window", "window_start"),
        sa.Index("window_metric_open", "feed", "window_start", postgresql_where=sa.text("closed_batch_id IS NULL")),
    )
    create(
        "recent_latency",
        "One row per feed, open minute of commits and class of latency: how many events took so long",
        feed(),
        key("minute", sa.DateTime(True), "Minute of the commit, UTC"),
        key("class", sa.SmallInteger(), "The class ends at 2 ^ (class / 8) milliseconds"),
        number("events", "Events of the class"),
    )
    create(
        "export",
        "One row per store that the stream writes metrics to: how far it is there",
        key("target", sa.Text(), "elasticsearch"),
        number("batch_id", "Everything up to this batch is written there"),
        instant("written_at", "When it was, UTC"),
    )


def create_sessions() -> None:
    create(
        "window_session",
        "One row per open window, session and user of a feed with sessions; removed when the window closes",
        feed(),
        window(),
        key("session", sa.Uuid(), "Keyed hash of the session's id"),
        key("person", sa.Uuid(), "Keyed hash of the user, as in the warehouse"),
        instant("last_time", "Newest event of it in the window"),
        sa.Column("is_converted", sa.Boolean, nullable=False, comment="Whether it bought something in the window"),
    )
    create(
        "recent_session",
        "One row per session of the last 24 hours of a feed with sessions",
        feed(),
        key("session", sa.Uuid(), "Keyed hash of the session's id"),
        sa.Column("person", sa.Uuid, nullable=False, comment="Keyed hash of the user that it was first seen with"),
        instant("first_time", "First event of it that was counted"),
        instant("last_time", "Newest event of it that was counted"),
    )


def grant() -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SHOWN}, {KEPT_APART} TO warehouse_stream")
    op.execute("GRANT SELECT ON live.series TO warehouse_stream")
    op.execute(f"GRANT SELECT ON live.series, {SHOWN} TO bi_reader, warehouse_etl")
    # An erasure takes away what tells of the person.
    op.execute("GRANT SELECT, UPDATE (session, person) ON live.window_session, live.recent_session TO warehouse_etl")


def upgrade() -> None:
    create_feeds()
    create_metrics()
    create_sessions()
    closed = "Batch that found the minute over; null while records of it are expected"
    op.add_column("quality", sa.Column("closed_batch_id", sa.BigInteger, comment=closed), schema="live")
    op.create_index("window_total_batch", "window_total", ["batch_id"], schema="live")
    op.create_index("quality_batch", "quality", ["batch_id"], schema="live")
    is_open = sa.text("closed_batch_id IS NULL")
    op.create_index("quality_open", "quality", ["minute"], schema="live", postgresql_where=is_open)
    op.execute(VIEW)
    op.execute(f"COMMENT ON VIEW live.series IS '{VIEW_COMMENT}'")
    for name, comment in VIEW_COLUMNS.items():
        op.execute(f"COMMENT ON COLUMN live.series.{name} IS '{comment}'")
    grant()


def downgrade() -> None:
    op.execute("DROP VIEW live.series")
    op.drop_index("window_total_batch", "window_total", schema="live")
    op.drop_index("quality_open", "quality", schema="live")
    op.drop_index("quality_batch", "quality", schema="live")
    op.drop_column("quality", "closed_batch_id", schema="live")
    for table in (*SHOWN.split(", "), *KEPT_APART.split(", ")):
        op.execute(f"DROP TABLE {table}")
