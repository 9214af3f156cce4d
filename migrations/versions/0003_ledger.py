"""The ledger of runs, the watermarks of the bus and rejected events."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LEDGER = ("run", "run_range", "run_kind", "watermark", "rejected_event")
COUNTS = {
    "landed": "Documents read from the raw store",
    "other_kinds": "Of these, events that are no product view",
    "views": "Product views: landed - other_kinds",
    "loaded": "Product views that became a row of the atomic fact",
    "duplicates": "Product views whose event id was loaded before, in this run or an earlier one",
    "rejected": "Product views that broke a rule: rows of etl.rejected_event",
}


def run_id(primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "run_id",
        sa.BigInteger,
        sa.ForeignKey("etl.run.run_id"),
        nullable=False,
        primary_key=primary_key,
        comment="Run of the ETL",
    )


def bus_partition() -> tuple[sa.Column[str], sa.Column[int]]:
    return (
        sa.Column("bus_topic", sa.Text, primary_key=True, comment="Topic of the bus"),
        sa.Column("bus_partition", sa.Integer, primary_key=True, comment="Partition of the topic"),
    )


def counts() -> list[sa.Column[int]]:
    return [
        sa.Column(name, sa.BigInteger, nullable=False, server_default="0", comment=comment)
        for name, comment in COUNTS.items()
    ]


def create_run() -> None:
    op.create_table(
        "run",
        sa.Column("run_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Run of the ETL"),
        sa.Column(
            "status",
            sa.Text,
            sa.CheckConstraint("status IN ('running', 'finished', 'failed', 'crashed')", name="run_status"),
            nullable=False,
            server_default="running",
            comment="running, finished, failed (it said why), crashed (a later run found it unfinished)",
        ),
        sa.Column("started_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        sa.Column("finished_at", sa.DateTime(timezone=True), comment="UTC; null while running or crashed"),
        sa.Column("error", sa.Text, comment="The one line that the run ended with"),
        *counts(),
        schema="etl",
        comment="One row per run of the ETL; landed = other_kinds + loaded + duplicates + rejected once finished",
    )


def create_run_range() -> None:
    op.create_table(
        "run_range",
        run_id(primary_key=True),
        *bus_partition(),
        sa.Column("from_offset", sa.BigInteger, nullable=False, comment="First offset of the range"),
        sa.Column("to_offset", sa.BigInteger, nullable=False, comment="First offset after the range"),
        *counts(),
        sa.CheckConstraint("from_offset < to_offset", name="run_range_not_empty"),
        sa.CheckConstraint("landed = other_kinds + views", name="run_range_kinds"),
        sa.CheckConstraint("views = loaded + duplicates + rejected", name="run_range_reconciles"),
        schema="etl",
        comment="One row per finished run and partition: the range of offsets it loaded, and what became of its events",
    )


def create_run_kind() -> None:
    op.create_table(
        "run_kind",
        run_id(primary_key=True),
        *bus_partition(),
        sa.Column("kind", sa.Text, primary_key=True, comment="The event's collection; (unknown) for any not expected"),
        sa.Column("events", sa.BigInteger, nullable=False, comment="Events of the kind read from the raw store"),
        schema="etl",
        comment="One row per finished run, partition and kind of event",
    )


def create_watermark() -> None:
    op.create_table(
        "watermark",
        *bus_partition(),
        sa.Column("next_offset", sa.BigInteger, nullable=False, comment="First offset that no run has loaded"),
        run_id(),
        schema="etl",
        comment="One row per partition: how far the warehouse has come",
    )


def create_rejected_event() -> None:
    op.create_table(
        "rejected_event",
        *bus_partition(),
        sa.Column("bus_offset", sa.BigInteger, primary_key=True, comment="Offset of the event on the bus"),
        sa.Column("rule", sa.Text, nullable=False, comment="First rule that the event broke"),
        sa.Column("field", sa.Text, nullable=False, comment="Field that the rule looks at"),
        sa.Column("value", sa.Text, comment="The field's value as sent; null where absent"),
        sa.Column("original", sa.Text, comment="The event as JSON, personal fields masked"),
        run_id(),
        schema="etl",
        comment="One row per product view that broke a rule",
    )


def upgrade() -> None:
    create_run()
    create_run_range()
    create_run_kind()
    create_watermark()
    create_rejected_event()
    op.execute("GRANT SELECT, INSERT, UPDATE ON etl.run, etl.watermark TO warehouse_etl")
    op.execute("GRANT SELECT, INSERT ON etl.run_range, etl.run_kind, etl.rejected_event TO warehouse_etl")


def downgrade() -> None:
    for table in reversed(LEDGER):
        op.drop_table(table, schema="etl")
