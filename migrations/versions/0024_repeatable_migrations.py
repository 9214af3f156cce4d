"""What marts and functions were made from, so that changed files are made anew (migrations/repeatable.py).

Functions that revisions have made until now come from `sql/functions` from here on. Below this revision they are as
those revisions wrote them, and there are no marts.
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Name and arguments; the revision whose text it has and the text's name there; comment; whether only the ETL calls it.
FUNCTIONS = (
    ("analyze_staging(text[])", "0005", "ANALYZE_STAGING", "Collects the planner's statistics of staging tables", True),
    (
        "ensure_month_partition(date)",
        "0023",
        "ENSURE_MONTH_PARTITION",
        "Makes the partition of a month; false if it exists",
        True,
    ),
    (
        "remove_month(date, jsonb)",
        "0013",
        "REMOVE_MONTH",
        "Drops a month of the facts of single events, and counts it",
        True,
    ),
    ("facts_kept_from()", "0013", "FACTS_KEPT_FROM", "First date_key that retention left the facts of, or 0", False),
    (
        "refresh_marts(boolean)",
        "0014",
        "REFRESH_MARTS",
        "Computes the materialized marts anew, or only if a run has finished since; rows and seconds of each",
        True,
    ),
    (
        "lock_referenced_tables()",
        "0020",
        "LOCK_REFERENCED_TABLES",
        "Until the transaction ends nobody else writes a table that a foreign key refers to",
        True,
    ),
)


def upgrade() -> None:
    op.create_table(
        "repeatable",
        sa.Column("name", sa.Text, primary_key=True, comment="View or function, with its schema"),
        sa.Column("kind", sa.Text, nullable=False, comment="VIEW, MATERIALIZED VIEW or FUNCTION"),
        sa.Column("signature", sa.Text, nullable=False, comment="Arguments of a function; empty for a view"),
        sa.Column("checksum", sa.Text, nullable=False, comment="SHA-256 of the file that it was made from"),
        sa.Column("place", sa.Integer, nullable=False, comment="Order of dependence, from 1"),
        sa.Column("reads", ARRAY(sa.Text), nullable=False, comment="Names of those that it reads"),
        sa.Column(
            "made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), comment="When, in UTC"
        ),
        schema="etl",
        comment="One row per view and function made from a file of sql/marts or sql/functions",
    )
    op.execute("GRANT SELECT ON etl.repeatable TO warehouse_etl")
    for name, *_ in FUNCTIONS:
        op.execute(f"DROP FUNCTION etl.{name}")


def downgrade() -> None:
    for name, revision_of_text, text, comment, is_for_etl in FUNCTIONS:
        # A revision's text never changes.
        op.execute(getattr(context.script.get_revision(revision_of_text).module, text))
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON FUNCTION etl.{name} IS '{quoted}'")
        if is_for_etl:
            op.execute(f"REVOKE ALL ON FUNCTION etl.{name} FROM PUBLIC")
            op.execute(f"GRANT EXECUTE ON FUNCTION etl.{name} TO warehouse_etl")
    op.drop_table("repeatable", schema="etl")
