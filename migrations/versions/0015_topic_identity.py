"""Which topic a watermark is of: a topic that was made anew has the name and repeats the offsets of another."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "watermark",
        sa.Column(
            "topic_id",
            sa.Text,
            nullable=False,
            server_default="",
            comment="Kafka's id of the topic that was loaded; empty where none was told",
        ),
        schema="etl",
    )


def downgrade() -> None:
    op.drop_column("watermark", "topic_id", schema="etl")
