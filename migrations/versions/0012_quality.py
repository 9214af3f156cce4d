"""Results of the data quality checks, and the index by which they find a run's or a day's events."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ATOMIC_FACTS = ("fact_event", "fact_product_view_event")


def create_quality_result() -> None:
    op.create_table(
        "quality_result",
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            primary_key=True,
            comment="When the checks were begun, the same for all that ran together",
        ),
        sa.Column("check_name", sa.Text, primary_key=True, comment="File in sql/quality, without .sql"),
        sa.Column(
            "run_id",
            sa.BigInteger,
            sa.ForeignKey("etl.run.run_id"),
            comment="Run of the ETL whose rows were checked; null is the whole warehouse",
        ),
        sa.Column(
            "severity",
            sa.Text,
            sa.CheckConstraint("severity IN ('error', 'warning')", name="quality_result_severity"),
            nullable=False,
            comment="error: the ETL publishes nothing that breaks it; warning: it only says so",
        ),
        sa.Column("passed", sa.Boolean, nullable=False, comment="Whether observed is no more than bound"),
        sa.Column("observed", sa.Numeric, comment="What the check counted or measured; null where it had no rows"),
        sa.Column("bound", sa.Numeric, nullable=False, comment="The most that passes, in unit"),
        sa.Column("unit", sa.Text, nullable=False, comment="rows, percent, hours or times"),
        sa.Column("detail", sa.Text, comment="Counts or examples behind the observed value"),
        schema="etl",
        comment="One row per check and time that it ran",
    )
    op.create_index("quality_result_name", "quality_result", ["check_name", "checked_at"], schema="etl")
    op.create_index(
        "quality_result_run",
        "quality_result",
        ["run_id"],
        schema="etl",
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.execute("GRANT SELECT, INSERT ON etl.quality_result TO warehouse_etl")


def upgrade() -> None:
    create_quality_result()
    # Reading the whole fact needs no right on its partitions; looking whether this one is empty does.
    for fact in ATOMIC_FACTS:
        op.execute(f"GRANT SELECT ON {fact}_default TO warehouse_etl")
    # Runs append, so a run's and a day's rows lie together: 32 kB of index for 240 MB of rows. Late events lie apart;
    # the multi-range operators keep one of them from widening its block's range to all the days between.
    for fact in ATOMIC_FACTS:
        op.execute(
            f"CREATE INDEX {fact}_run_day ON {fact}"
            " USING brin (date_key int4_minmax_multi_ops, run_id) WITH (autosummarize = on)"
        )


def downgrade() -> None:
    for fact in ATOMIC_FACTS:
        op.execute(f"REVOKE SELECT ON {fact}_default FROM warehouse_etl")
        op.drop_index(f"{fact}_run_day", fact)
    op.drop_table("quality_result", schema="etl")
