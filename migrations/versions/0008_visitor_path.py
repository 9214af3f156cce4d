"""The visitor's path: options, carts, orders, searches and recommendations."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
PRICE = sa.Numeric(14, 2)
FACTS = ("fact_cart_event", "fact_order", "fact_order_line", "fact_search", "fact_recommendation")
OPTIONS = ("dim_option", "dim_option_group", "bridge_option_group")

KEYS = {
    "date_key": ("dim_date", sa.Integer, "Day of the event in the business time zone, yyyymmdd"),
    "product_key": ("dim_product", sa.BigInteger, "Product it is about"),
    "country_key": ("dim_country", sa.BigInteger, "Store, and its country"),
    "referrer_key": ("dim_referrer", sa.BigInteger, "Page that led here"),
    "device_key": ("dim_device", sa.BigInteger, "Visitor's device"),
    "option_group_key": ("dim_option_group", sa.BigInteger, "Options chosen together"),
    "recommended_product_key": ("dim_product", sa.BigInteger, "Product that was recommended"),
}

# A symbol of several currencies is the store's, where the store has one of them.
ISO_CURRENCY = """
CREATE FUNCTION etl.iso_currency(sent text, of_store text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE
    WHEN sent = 'kr' THEN CASE WHEN of_store IN ('DKK', 'ISK', 'NOK', 'SEK') THEN of_store END
    WHEN sent = '$' THEN CASE
        WHEN of_store IN ('ARS', 'AUD', 'CAD', 'CLP', 'COP', 'HKD', 'MXN', 'NZD', 'SGD', 'USD', 'UYU') THEN of_store
        ELSE 'USD'
    END
    WHEN sent ~ '^[A-Z]{3}$' THEN sent
END
$$
"""

STAGING_TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "option_group": (
        "One row per set of options that some event of the run chose",
        {"option_group_hash": UUID, "choices": JSONB},
    ),
    "order_line": (
        "One row per line of each order of the run",
        {
            "order_key": UUID,
            "line_number": sa.Integer,
            "product_id": sa.Text,
            "amount": sa.Integer,
            "price": sa.Numeric,
            "currency": sa.Text,
            "option_group_hash": UUID,
        },
    ),
}


def key(name: str) -> sa.Column[Any]:
    dimension, kind, comment = KEYS[name]
    target = sa.ForeignKey(f"{dimension}.{'product_key' if name == 'recommended_product_key' else name}")
    return sa.Column(name, kind, target, nullable=False, comment=f"{comment}; -1 is Unknown ({dimension})")


def event_columns(*keys: str) -> list[sa.Column[Any]]:
    """What every fact of one event has."""
    return [
        sa.Column("event_id", UUID, primary_key=True, comment="Identity of the event (fact_event)"),
        sa.Column("event_time", TIME, nullable=False, comment="When it happened"),
        *(key(name) for name in ("date_key", *keys, "country_key", "referrer_key", "device_key")),
        sa.Column("visitor", UUID, comment="As in fact_event"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether the event's user agent is a robot's"),
        sa.Column("run_id", sa.BigInteger, nullable=False, comment="Run of the ETL that loaded it (etl.run)"),
    ]


def create_options() -> None:
    op.create_table(
        "dim_option",
        sa.Column("option_key", sa.BigInteger, sa.Identity(), primary_key=True, comment="Surrogate key"),
        sa.Column("option_label", sa.Text, nullable=False, comment="What is chosen: alloy, diamond, stone, ..."),
        sa.Column("option_value", sa.Text, nullable=False, comment="The choice; its id where the event has no name"),
        sa.UniqueConstraint("option_label", "option_value"),
        comment="One row per option and value",
    )
    op.create_table(
        "dim_option_group",
        sa.Column("option_group_key", sa.BigInteger, sa.Identity(), primary_key=True, comment="Surrogate key"),
        sa.Column("option_group_hash", UUID, unique=True, comment="MD5 of the choices as JSON"),
        sa.Column("choices", sa.Text, nullable=False, comment="As text: alloy: white-585, diamond: sapphire"),
        comment="One row per set of options chosen together",
    )
    op.execute(
        "INSERT INTO dim_option_group (option_group_key, choices) OVERRIDING SYSTEM VALUE VALUES (-1, '(none chosen)')"
    )


def create_option_bridge() -> None:
    op.create_table(
        "bridge_option_group",
        sa.Column(
            "option_group_key",
            sa.BigInteger,
            sa.ForeignKey("dim_option_group.option_group_key"),
            primary_key=True,
            autoincrement=False,
            comment="Set of options (dim_option_group)",
        ),
        sa.Column(
            "option_key",
            sa.BigInteger,
            sa.ForeignKey("dim_option.option_key"),
            primary_key=True,
            autoincrement=False,
            comment="Option in it (dim_option)",
        ),
        comment="One row per set of options and option in it: joins a fact to dim_option by option_group_key",
    )


def add_options_to_views() -> None:
    op.add_column(
        "fact_product_view_event",
        sa.Column(
            "option_group_key",
            sa.BigInteger,
            nullable=False,
            server_default="-1",
            comment="Options chosen together; -1 is none (dim_option_group)",
        ),
    )
    op.create_foreign_key(
        "fact_product_view_event_option_group_key_fkey",
        "fact_product_view_event",
        "dim_option_group",
        ["option_group_key"],
        ["option_group_key"],
    )


def create_orders() -> None:
    op.create_table(
        "fact_order",
        sa.Column("order_key", UUID, primary_key=True, comment="MD5 of order id, visitor, store and cart"),
        sa.Column("order_id", sa.Text, comment="The shop's id; not unique: some are used again for another cart"),
        sa.Column("event_id", UUID, nullable=False, comment="The earliest event that tells of the order"),
        sa.Column("event_time", TIME, nullable=False, comment="Time of that event"),
        *(key(name) for name in ("date_key", "country_key", "referrer_key", "device_key")),
        sa.Column("visitor", UUID, comment="As in fact_event"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether the event's user agent is a robot's"),
        sa.Column("events", sa.BigInteger, nullable=False, comment="Events that tell of it: the page may be reloaded"),
        sa.Column("lines", sa.BigInteger, nullable=False, comment="Lines of the cart"),
        sa.Column("items", sa.BigInteger, nullable=False, comment="Pieces: sum of the lines' amount"),
        sa.Column("revenue", PRICE, comment="Sum of amount x price, in currency; null where a line has no price"),
        sa.Column("currency", sa.Text, comment="ISO 4217; null where lines have different ones or none is known"),
        comment="One row per order",
    )
    op.create_table(
        "fact_order_line",
        sa.Column(
            "order_key",
            UUID,
            sa.ForeignKey("fact_order.order_key", ondelete="CASCADE"),
            primary_key=True,
            comment="Order (fact_order)",
        ),
        sa.Column(
            "line_number", sa.Integer, primary_key=True, autoincrement=False, comment="Place in the cart, from 1"
        ),
        *(key(name) for name in ("product_key", "option_group_key")),
        sa.Column("amount", sa.Integer, nullable=False, comment="Pieces"),
        sa.Column("price", PRICE, comment="Price of one piece, in currency"),
        sa.Column("currency", sa.Text, comment="ISO 4217; null where the symbol and the store tell none"),
        comment="One row per line of an order",
    )


def create_single_event_facts() -> None:
    op.create_table(
        "fact_cart_event",
        *event_columns("product_key", "option_group_key"),
        sa.Column("price", PRICE, comment="Price of one piece, in currency"),
        sa.Column("currency", sa.Text, comment="ISO 4217; null where the symbol and the store tell none"),
        comment="One row per product put into a cart (add_to_cart_action)",
    )
    op.create_table(
        "fact_search",
        *event_columns(),
        sa.Column("search_terms", sa.Text, comment="As typed, lower-case, single-spaced"),
        comment="One row per search (search_box_action)",
    )
    op.create_table(
        "fact_recommendation",
        *event_columns("product_key", "recommended_product_key"),
        sa.Column("place", sa.Text, nullable=False, comment="product_detail, listing_page or landing_page"),
        sa.Column("step", sa.Text, nullable=False, comment="visible, noticed or clicked"),
        sa.Column("recommendation_position", sa.Integer, comment="Place in the row of recommendations, from 1"),
        comment="One row per recommendation seen, noticed or clicked; product_key is the product then viewed",
    )


def upgrade() -> None:
    create_options()
    create_option_bridge()
    add_options_to_views()
    create_single_event_facts()
    create_orders()
    for table in FACTS:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO warehouse_etl")
        if table != "fact_order_line":
            op.create_index(f"{table}_date", table, ["date_key"])
    op.create_index("fact_order_line_product", "fact_order_line", ["product_key"])
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(OPTIONS)} TO warehouse_etl")
    op.execute(ISO_CURRENCY)
    op.execute("COMMENT ON FUNCTION etl.iso_currency IS 'ISO 4217 code of a price''s currency, given the store''s own'")
    for name, (grain, columns) in STAGING_TABLES.items():
        op.create_table(
            name,
            *(sa.Column(column, kind) for column, kind in columns.items()),
            schema="staging",
            prefixes=["UNLOGGED"],
            comment=grain,
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, TRUNCATE ON staging.{name} TO warehouse_etl")


def downgrade() -> None:
    for name in reversed(STAGING_TABLES):
        op.drop_table(name, schema="staging")
    op.execute("DROP FUNCTION etl.iso_currency(text, text)")
    for table in reversed(FACTS):
        op.drop_table(table)
    op.drop_column("fact_product_view_event", "option_group_key")
    for table in reversed(OPTIONS):
        op.drop_table(table)
