"""After which run of the ETL the stream began, so that what it counts anew is told from what it had rejected."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

COMMENT = (
    "Last run of the ETL (etl.run) when the stream began here; what was rejected and a later one loaded, the stream"
    " rejected, too"
)


def upgrade() -> None:
    # Where a stream has begun already, nobody knows: 0 is what was taken for true of it so far.
    op.add_column(
        "position",
        sa.Column("begun_after_run", sa.BigInteger, nullable=False, server_default="0", comment=COMMENT),
        schema="live",
    )
    op.execute("GRANT SELECT (run_id) ON etl.run TO warehouse_stream")


def downgrade() -> None:
    op.execute("REVOKE SELECT (run_id) ON etl.run FROM warehouse_stream")
    op.drop_column("position", "begun_after_run", schema="live")
