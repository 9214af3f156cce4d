"""The live side: what the stream has counted by event-time window, and how far it has read the bus."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CREATE_MISSING_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'warehouse_stream') THEN
        IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            RAISE EXCEPTION 'role warehouse_stream is missing and % may not create it', current_user
                USING HINT = './millrace up, or ./millrace bootstrap --only postgres, makes it';
        END IF;
        CREATE ROLE warehouse_stream NOLOGIN;
    END IF;
END
$$
"""
ON_THIS_DATABASE = "DO $$ BEGIN EXECUTE format('{}', current_database()); END $$"
# What tells of persons, and how the stream works; analysts see the others.
KEPT_APART = "live.stream, live.position, live.event_id, live.window_visitor, live.recent_order, live.window_reach"
SHOWN = "live.window_total, live.window_count, live.window_revenue, live.quality"
# What the stream asks of the rest of the warehouse.
ASKED = {
    "public.fact_event": "event_id, bus_topic, bus_partition, bus_offset",
    "etl.watermark": "bus_topic, bus_partition, next_offset, run_id",
    "etl.definition": "name, run_id, value",
    "etl.removed": "what, month",
}


def number(name: str, comment: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, comment=comment, **options)


def count(name: str, comment: str) -> sa.Column[int]:
    return number(name, comment, server_default="0")


def key(name: str, kind: sa.types.TypeEngine[Any], comment: str) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False, comment=comment)


def window() -> sa.Column[Any]:
    return key("window_start", sa.DateTime(True), "First instant of the window, UTC")


def partition() -> list[sa.Column[Any]]:
    return [
        key("bus_topic", sa.Text(), "Topic of the bus"),
        key("bus_partition", sa.Integer(), "Partition of the topic"),
    ]


def create(name: str, comment: str, *columns: sa.schema.SchemaItem) -> None:
    op.create_table(name, *columns, schema="live", comment=comment)


def create_positions() -> None:
    create(
        "stream",
        "One row: the stream as a whole",
        key("taken", sa.BigInteger(), "How many streams have begun; who finds another number than its own is over"),
        count("batch_id", "Last batch that was applied, over all streams"),
        sa.Column("window_seconds", sa.Integer, comment="Length of a window; null before the first stream"),
        sa.Column("watermark", sa.DateTime(True), comment="Event time up to which the windows are complete"),
        sa.Column("kept_from", sa.DateTime(True), comment="Windows before this one were removed as old"),
        count("late_before_kept", "Events for windows that were removed"),
        sa.Column("updated_at", sa.DateTime(True), comment="When the last batch was applied, UTC"),
    )
    op.execute("INSERT INTO live.stream (taken) VALUES (0)")
    create(
        "position",
        "One row per partition: how far the stream has counted",
        *partition(),
        sa.Column("topic_id", sa.Text, nullable=False, comment="Kafka's id of the topic; empty where none was told"),
        number("first_offset", "First offset that the stream has read"),
        number("next_offset", "First offset that is not counted"),
        sa.Column(
            "reached_time",
            sa.DateTime(True),
            comment="Greatest event time of the partition, as far as the bus's own time vouches for it",
        ),
        sa.Column(
            "heard_at",
            sa.DateTime(True),
            nullable=False,
            comment="When the partition last told a time, else when the stream first looked at it, UTC",
        ),
        number("batch_id", "Batch that moved the position last"),
    )
    create(
        "event_id",
        "One row per counted event that fact_event does not have yet, so that a second one is known",
        key("event_id", sa.Uuid(), "Identity of the event"),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Topic of the bus"),
        sa.Column("bus_partition", sa.Integer, nullable=False, comment="Partition of the topic"),
        number("bus_offset", "Offset of the event on the bus"),
        sa.Column("window_start", sa.DateTime(True), nullable=False, comment="Window that it was counted for"),
        sa.Column("kind", sa.Text, nullable=False, comment="The event's collection"),
    )


def counts(prefix: str, what: str) -> list[sa.Column[int]]:
    return [
        count(f"{prefix}events", f"Events {what}"),
        count(f"{prefix}views", f"Of these, product views {what}"),
        count(f"{prefix}order_events", f"Of these, events that tell of an order (checkout_success) {what}"),
    ]


def create_totals() -> None:
    create(
        "window_total",
        "One row per window with events: all of them, robots included",
        window(),
        sa.Column("window_end", sa.DateTime(True), nullable=False, comment="First instant after the window, UTC"),
        *counts("", "that came while the window was open"),
        *counts("bot_", "of robots among them"),
        count("orders", "Orders of people and robots, each where it was first told"),
        count("bot_orders", "Of these, orders of robots"),
        count("visitors", "Distinct visitors, people only"),
        count("persons", "Distinct persons by what the window itself tells, people only"),
        count(
            "early_events",
            "Events further ahead of their time on the bus, or of the stream's own clock, than is tolerated",
        ),
        *counts("late_", "that came after the window was closed, counted here only"),
        *counts("erased_", "of forgotten visitors, counted or late, which the facts do not have any more"),
        number("batch_id", "Last batch that changed the row"),
        sa.Column("closed_batch_id", sa.BigInteger, comment="Batch that closed the window; null while it is open"),
        sa.Column("updated_at", sa.DateTime(True), nullable=False, comment="When that batch was applied, UTC"),
        sa.Index("window_total_open", "window_start", postgresql_where=sa.text("closed_batch_id IS NULL")),
    )


def create_parts() -> None:
    create(
        "window_count",
        "One row per window, dimension and member that its events name",
        window(),
        key("dimension", sa.Text(), "kind, product (of events that name one), store or referrer type"),
        key("member", sa.Text(), "Natural key of the member; Unknown where the event names none"),
        *counts("", "of the member")[:2],
        *counts("bot_", "of the member, of robots")[:2],
        number("batch_id", "Last batch that changed the row"),
    )
    create(
        "window_revenue",
        "One row per window, audience and currency with revenue",
        window(),
        key("is_bot", sa.Boolean(), "Whether robots ordered"),
        key("currency", sa.Text(), "ISO 4217"),
        count("orders", "Orders whose lines have one sum in this currency"),
        sa.Column("revenue", sa.Numeric, nullable=False, server_default="0", comment="Sum of amount x price"),
        number("batch_id", "Last batch that changed the row"),
    )
    create(
        "quality",
        "One row per minute of the bus and verdict on the records that it took then",
        key("minute", sa.DateTime(True), "Minute by the records' own time on the bus, UTC; 1970 where they have none"),
        key("verdict", sa.Text(), "valid, duplicate, the rule that rejects it, or why it is no event"),
        count("events", "Records with this verdict"),
        number("batch_id", "Last batch that changed the row"),
    )
    create(
        "window_visitor",
        "One row per open window, visitor and person, people only; removed when the window closes",
        window(),
        key("visitor", sa.Uuid(), "As in fact_event"),
        key("person", sa.Uuid(), "The event's user, else its visitor"),
    )
    create(
        "recent_order",
        "One row per order id and buyer of the last 24 hours of the stream, so that it is not counted again",
        key("order_hash", sa.Uuid(), "MD5 of store and order id"),
        key("visitor", sa.Uuid(), "As in fact_event; all zeros where the event names none"),
        key("person", sa.Uuid(), "The event's user, else its visitor"),
        sa.Column("last_time", sa.DateTime(True), nullable=False, comment="Newest event of the buyer"),
        sa.Column("has_cart", sa.Boolean, nullable=False, comment="Whether one of them had lines"),
    )
    create(
        "window_reach",
        "One row per window and partition with events of it: how far the ETL must have come to have them all",
        window(),
        *partition(),
        number("next_offset", "First offset after the window's last event there"),
    )


def grant() -> None:
    op.execute("GRANT USAGE ON SCHEMA live TO warehouse_stream, warehouse_etl, bi_reader")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {SHOWN}, {KEPT_APART} TO warehouse_stream")
    op.execute(f"GRANT SELECT ON {SHOWN} TO bi_reader")
    # The reconciliation reads all; an erasure counts what it takes and removes what tells of the visitor.
    op.execute(f"GRANT SELECT ON {SHOWN}, {KEPT_APART} TO warehouse_etl")
    op.execute("GRANT UPDATE ON live.window_total TO warehouse_etl")
    op.execute("GRANT DELETE ON live.event_id, live.window_visitor, live.recent_order TO warehouse_etl")
    op.execute("GRANT USAGE ON SCHEMA public, etl TO warehouse_stream")
    for table, columns in ASKED.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO warehouse_stream")
    for privilege in ("CONNECT", "TEMPORARY"):
        op.execute(ON_THIS_DATABASE.format(f"GRANT {privilege} ON DATABASE %I TO warehouse_stream"))


def upgrade() -> None:
    op.execute(CREATE_MISSING_ROLE)
    op.execute("CREATE SCHEMA live")
    op.execute("COMMENT ON SCHEMA live IS 'What the stream has counted by window of event time'")
    create_positions()
    create_totals()
    create_parts()
    grant()


def downgrade() -> None:
    op.execute(ON_THIS_DATABASE.format("REVOKE ALL ON DATABASE %I FROM warehouse_stream"))
    for table, columns in ASKED.items():
        op.execute(f"REVOKE SELECT ({columns}) ON {table} FROM warehouse_stream")
    op.execute("REVOKE USAGE ON SCHEMA public, etl FROM warehouse_stream")
    for table in (*SHOWN.split(", "), *KEPT_APART.split(", ")):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SCHEMA live")
