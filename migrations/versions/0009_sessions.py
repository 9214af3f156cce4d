"""Sessions of visitors, and the index that finds the views of a day and product."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
KEYS = {
    "date_key": ("dim_date", sa.Integer, "Day of the first event in the business time zone, yyyymmdd"),
    "country_key": ("dim_country", sa.BigInteger, "Store of the first event, and its country"),
    "referrer_key": ("dim_referrer", sa.BigInteger, "Page that led to the first event"),
    "device_key": ("dim_device", sa.BigInteger, "Device of the first event"),
}


def create_sessions() -> None:
    op.create_table(
        "fact_session",
        sa.Column("session_id", UUID, primary_key=True, comment="MD5 of visitor and time of the first event"),
        sa.Column("visitor", UUID, nullable=False, comment="As in fact_event; an event without one has no session"),
        sa.Column("started_at", TIME, nullable=False, comment="First event"),
        sa.Column("ended_at", TIME, nullable=False, comment="Last event"),
        sa.Column("duration_seconds", sa.BigInteger, nullable=False, comment="Last minus first event"),
        *(
            sa.Column(
                name,
                kind,
                sa.ForeignKey(f"{dimension}.{name}"),
                nullable=False,
                comment=f"{comment}; -1 is Unknown ({dimension})",
            )
            for name, (dimension, kind, comment) in KEYS.items()
        ),
        sa.Column("entry_page", sa.Text, comment="Page of the first event: host and path"),
        sa.Column("exit_page", sa.Text, comment="Page of the last event: host and path"),
        sa.Column("events", sa.BigInteger, nullable=False, comment="Events of any kind"),
        sa.Column("views", sa.BigInteger, nullable=False, comment="Product views"),
        sa.Column("distinct_products", sa.BigInteger, nullable=False, comment="Products among these views"),
        sa.Column("reached_cart", sa.Boolean, nullable=False, comment="Whether something was put into the cart"),
        sa.Column("reached_checkout", sa.Boolean, nullable=False, comment="Whether the checkout was opened"),
        sa.Column("reached_order", sa.Boolean, nullable=False, comment="Whether an order was placed"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether some event's user agent is a robot's"),
        sa.Column(
            "chain_started_at",
            TIME,
            nullable=False,
            comment="Start of the unbroken activity; before started_at only where 24 hours cut it",
        ),
        comment="One row per visitor's session: 30 minutes of silence end it, and 24 hours cut it",
    )
    op.create_index("fact_session_visitor", "fact_session", ["visitor", "started_at"])
    op.create_index("fact_session_date", "fact_session", ["date_key"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON fact_session TO warehouse_etl")


def upgrade() -> None:
    create_sessions()
    op.create_index("fact_product_view_event_day_product", "fact_product_view_event", ["date_key", "product_key"])
    op.create_index("fact_product_views_product_day", "fact_product_views", ["product_key", "date_key"])
    op.create_table(
        "touched_visitor",
        sa.Column("visitor", UUID),
        sa.Column("from_time", TIME, comment="Sessions that start from here on are made anew"),
        sa.Column("from_key", sa.Integer, comment="No event of these sessions is on an earlier day, in any time zone"),
        schema="staging",
        prefixes=["UNLOGGED"],
        comment="One row per visitor of whom the run loaded or removed an event",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, TRUNCATE ON staging.touched_visitor TO warehouse_etl")


def downgrade() -> None:
    op.drop_table("touched_visitor", schema="staging")
    op.drop_index("fact_product_views_product_day", "fact_product_views")
    op.drop_index("fact_product_view_event_day_product", "fact_product_view_event")
    op.drop_table("fact_session")
