"""Staging of events keeps the texts that members of dimensions are told by, and the place of each order's line."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ADDED = {
    "event": {
        **dict.fromkeys(("origin", "referrer", "raw_device_id", "user_agent"), sa.Text),
        "choices": JSONB,
        "campaign": sa.Text,
        "arrival": sa.BigInteger,
    },
    "order_line": {
        "choices": JSONB,
        "bus_topic": sa.Text,
        "bus_partition": sa.Integer,
        "bus_offset": sa.BigInteger,
    },
}
GRAIN = "One row per valid event of the run"


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind), schema="staging")
    op.create_table_comment("event", f"{GRAIN}; after sql/stage the first to arrive of each event id", schema="staging")


def downgrade() -> None:
    op.create_table_comment("event", f"{GRAIN}, the first of each event id", schema="staging")
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name, schema="staging")
