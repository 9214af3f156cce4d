"""Who was forgotten, so that no new generation of the topic and no new landing brings a visitor back."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten_visitor",
        sa.Column("visitor", sa.Uuid, primary_key=True, comment="Hash of the id under FORGOTTEN_KEY"),
        sa.Column("forgotten_at", sa.DateTime(True), nullable=False, comment="What was recorded until then stays away"),
        schema="etl",
        comment="One row per forgotten visitor, and one of nobody that says since when there is a list",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON etl.forgotten_visitor TO warehouse_etl")


def downgrade() -> None:
    op.drop_table("forgotten_visitor", schema="etl")
