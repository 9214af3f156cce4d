"""Facts keep the user agent of each event; unknown and not applicable are two members; dim_store; names in dim_date.

What is stored is carried over. Which user agent a past event had is not known any more: its facts get what their device
is described by today, a row of dim_user_agent without a hash; a full refresh reads the events' own. Events of kinds
that name no product, sets of options that nobody chose and prices of the catalogue were Unknown (-1) and become Not
applicable (-2).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NAME_A_PRODUCT = (
    "view_product_detail",
    "select_product_option",
    "select_product_option_quality",
    "add_to_cart_action",
    "view_all_recommend",
    "product_view_all_recommend_clicked",
    "product_detail_recommendation_visible",
    "product_detail_recommendation_noticed",
    "product_detail_recommendation_clicked",
)
NAME_A_RECOMMENDED_PRODUCT = (
    "landing_page_recommendation_clicked",
    "listing_page_recommendation_clicked",
    "product_detail_recommendation_clicked",
)
FACTS = (
    "fact_event",
    "fact_product_view_event",
    "fact_cart_event",
    "fact_order",
    "fact_search",
    "fact_recommendation",
    "fact_session",
)
HAVE_OPTIONS = ("fact_product_view_event", "fact_cart_event", "fact_order_line", "etl.sent_order_line")
NOT_APPLICABLE_KEYS = (
    ("fact_event", "product_key"),
    ("fact_recommendation", "product_key"),
    ("fact_recommendation", "recommended_product_key"),
    ("dim_product", "price_country_key"),
)
NOT_APPLICABLE_MEMBERS = (
    ("dim_product", "product_key, product_name", "-2, 'Not applicable'"),
    ("dim_store", "country_key, country_name", "-2, 'Not applicable'"),
    ("dim_referrer", "referrer_key, referrer_type", "-2, 'Not applicable'"),
    ("dim_device", "device_key, device_type, is_bot", "-2, 'Not applicable', false"),
    ("dim_user_agent", "user_agent_key, device_type, is_bot", "-2, 'Not applicable', false"),
    ("dim_option_group", "option_group_key, choices", "-2, '(none chosen)'"),
)
LABELS = {
    "iso_week": (sa.Text, "ISO 8601 year and week, 2026-W01: the year is that of the week's Thursday"),
    "month_name": (sa.Text, "January to December"),
    "month_label": (sa.Text, "Year and month, 2026-01"),
    "day_name": (sa.Text, "Monday to Sunday"),
    "quarter_label": (sa.Text, "Year and quarter, 2026-Q1"),
}
NUMBERS = {
    "iso_year": (sa.SmallInteger, "ISO 8601 year of the week: that of its Thursday"),
    "is_weekend": (sa.Boolean, "Whether it is a Saturday or Sunday"),
}
NAME_DAYS = """
UPDATE dim_date
SET iso_year = extract(isoyear FROM date), iso_week = to_char(date, 'IYYY"-W"IW'), is_weekend = day_of_week IN (6, 7),
    month_name = to_char(date, 'FMMonth'), month_label = to_char(date, 'YYYY-MM'), day_name = to_char(date, 'FMDay'),
    quarter_label = to_char(date, 'YYYY"-Q"Q')
WHERE date IS NOT NULL
"""
# What is told of a device apart from its id; a device that sent no user agent has no type.
DESCRIPTION = "device_type, browser_info, os, is_bot"
DESCRIBED_AGENTS = f"""
INSERT INTO dim_user_agent ({DESCRIPTION})
SELECT DISTINCT {DESCRIPTION} FROM dim_device WHERE device_key > 0 AND device_type IS NOT NULL ORDER BY {DESCRIPTION}
"""
AGENT_OF_DEVICE = """
CREATE TEMPORARY TABLE agent_of_device ON COMMIT DROP AS
SELECT device.device_key, agent.user_agent_key
FROM dim_device AS device
JOIN dim_user_agent AS agent
  ON (agent.device_type, coalesce(agent.browser_info, ''), coalesce(agent.os, ''), agent.is_bot)
   = (device.device_type, coalesce(device.browser_info, ''), coalesce(device.os, ''), device.is_bot)
WHERE device.device_key > 0 AND agent.user_agent_key > 0
"""
AGENTS_OF_FACT = """
UPDATE {fact} AS fact SET user_agent_key = agent.user_agent_key
FROM agent_of_device AS agent WHERE agent.device_key = fact.device_key
"""
# In one pass with the products: each event's row is written anew once.
AGENTS_AND_PRODUCTS_OF_EVENTS = """
UPDATE fact_event AS fact
SET user_agent_key = coalesce(agent.user_agent_key, -1),
    product_key = CASE WHEN fact.product_key = -1 AND NOT kind.has_product THEN -2 ELSE fact.product_key END
FROM dim_event_kind AS kind, dim_device AS device LEFT JOIN agent_of_device AS agent USING (device_key)
WHERE kind.kind_key = fact.kind_key AND device.device_key = fact.device_key
  AND (agent.user_agent_key IS NOT NULL OR (fact.product_key = -1 AND NOT kind.has_product))
"""
PRODUCTS_OF_RECOMMENDATIONS = """
UPDATE fact_recommendation
SET product_key = CASE WHEN product_key = -1 AND place <> 'product_detail' THEN -2 ELSE product_key END,
    recommended_product_key = CASE
        WHEN recommended_product_key = -1 AND step <> 'clicked' THEN -2 ELSE recommended_product_key
    END
WHERE (product_key = -1 AND place <> 'product_detail') OR (recommended_product_key = -1 AND step <> 'clicked')
"""
CATALOGUED_PRICES = """
UPDATE dim_product SET price_country_key = -2
WHERE price_country_key = -1 AND catalogued_at IS NOT NULL AND price IS NOT NULL
"""
# By table, column and what the comment says before and after.
COMMENTS = (
    ("dim_date.date_key", "yyyymmdd; -1 is Unknown", "yyyymmdd; -1 is Unknown, -2 is Not applicable"),
    (
        "dim_product.price_country_key",
        "Store that price is of; -1 where it is from the catalogue (dim_store)",
        "Store that price is of; -1 where none was sent, -2 where it is from the catalogue (dim_store)",
    ),
    (
        "fact_event.product_key",
        "Product it is about; -1 is none or Unknown",
        "Product it is about (dim_product); -1 is Unknown, -2 where the kind names none",
    ),
    (
        "fact_recommendation.product_key",
        "Product it is about; -1 is Unknown (dim_product)",
        "Product it is about; -1 is Unknown, -2 where the place shows none (dim_product)",
    ),
    (
        "fact_recommendation.recommended_product_key",
        "Product that was recommended; -1 is Unknown (dim_product)",
        "Product that was recommended; -1 is Unknown, -2 where none was clicked (dim_product)",
    ),
    *(
        (f"{fact}.option_group_key", f"Options chosen together; {former} (dim_option_group)", none)
        for none in ("Options chosen together; -1 is Unknown, -2 is none (dim_option_group)",)
        for fact, former in (
            ("fact_product_view_event", "-1 is none"),
            ("fact_cart_event", "-1 is Unknown"),
            ("fact_order_line", "-1 is Unknown"),
            ("mart.product_view_versioned", "-1 is none"),
        )
    ),
)
RENAME_IN_COMMENTS = """
DO $$
DECLARE
    told record;
BEGIN
    FOR told IN
        SELECT note.objoid::regclass AS relation, attribute.attname, note.description
        FROM pg_description AS note
        JOIN pg_attribute AS attribute ON attribute.attrelid = note.objoid AND attribute.attnum = note.objsubid
        WHERE note.classoid = 'pg_class'::regclass AND position('({former})' IN note.description) > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', told.relation, told.attname,
                       replace(told.description, '({former})', '({name})'));
    END LOOP;
END
$$
"""
COMMENT_SEED_VIEW = """
DO $$
DECLARE
    told record;
BEGIN
    FOR told IN
        SELECT attname, col_description(attrelid, attnum) AS meaning
        FROM pg_attribute WHERE attrelid = 'dim_store'::regclass AND attnum > 0 AND NOT attisdropped
    LOOP
        EXECUTE format('COMMENT ON COLUMN dim_country.%I IS %L', told.attname, told.meaning);
    END LOOP;
END
$$
"""


def say(target: str, comment: str) -> None:
    quoted = comment.replace("'", "''")
    op.execute(f"COMMENT ON {target} IS '{quoted}'")


def rename_store(former: str, name: str) -> None:
    """The table, its sequence and its indexes; foreign keys and marts follow."""
    op.rename_table(former, name)
    op.execute(f"ALTER SEQUENCE {former}_country_key_seq RENAME TO {name}_country_key_seq")
    for index in ("pkey", "store_id_key"):
        op.execute(f"ALTER INDEX {former}_{index} RENAME TO {name}_{index}")
    op.execute(RENAME_IN_COMMENTS.format(former=former, name=name))


def create_seed_view() -> None:
    op.execute(
        "CREATE VIEW dim_country AS SELECT country_key, store_id, country_name, country_code, region, continent,"
        " currency, time_zone, described_at, described_by FROM dim_store"
    )
    say("VIEW dim_country", "One row per store: dim_store by the name that it had, with the same columns")
    op.execute(COMMENT_SEED_VIEW)
    op.execute("GRANT SELECT ON dim_country TO warehouse_etl")


def create_user_agents() -> None:
    op.create_table(
        "dim_user_agent",
        sa.Column(
            "user_agent_key",
            sa.BigInteger,
            sa.Identity(always=True),
            primary_key=True,
            comment="Surrogate key; never changes",
        ),
        sa.Column(
            "user_agent_hash",
            UUID,
            unique=True,
            comment="MD5 of the user agent as sent; null where only its description is known",
        ),
        sa.Column("device_type", sa.Text, comment="Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown"),
        sa.Column("browser_info", sa.Text, comment="Browser and major version"),
        sa.Column("os", sa.Text, comment="Operating system and version"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether it is a robot's"),
        comment="One row per user agent that some event was sent with",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON dim_user_agent TO warehouse_etl")
    op.execute(
        "INSERT INTO dim_user_agent (user_agent_key, device_type, is_bot) OVERRIDING SYSTEM VALUE"
        " VALUES (-1, 'Unknown', false)"
    )
    op.execute(DESCRIBED_AGENTS)


def describe_days() -> None:
    for name, (kind, comment) in (NUMBERS | LABELS).items():
        op.add_column("dim_date", sa.Column(name, kind, comment=comment))
    op.execute(NAME_DAYS)
    op.execute("INSERT INTO dim_date (date_key) VALUES (-2)")
    for key, member in ((-1, "Unknown"), (-2, "Not applicable")):
        labels = ", ".join(f"{name} = '{member}'" for name in LABELS)
        op.execute(f"UPDATE dim_date SET {labels} WHERE date_key = {key}")


def describe_kinds() -> None:
    for name, kinds, comment in (
        ("has_product", NAME_A_PRODUCT, "Whether events of the kind name the product that they are about"),
        (
            "has_recommended_product",
            NAME_A_RECOMMENDED_PRODUCT,
            "Whether events of the kind name a product that was recommended",
        ),
    ):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default="false", comment=comment)
        op.add_column("dim_event_kind", column)
        named = ", ".join(f"'{kind}'" for kind in kinds)
        op.execute(f"UPDATE dim_event_kind SET {name} = true WHERE kind IN ({named})")
        op.alter_column("dim_event_kind", name, server_default=None)
    op.execute(
        "INSERT INTO dim_event_kind (kind_key, kind, step, has_product, has_recommended_product)"
        " VALUES (-1, 'Unknown', 'Unknown', false, false), (-2, 'Not applicable', 'Not applicable', false, false)"
    )


def add_members() -> None:
    for dimension, columns, member in NOT_APPLICABLE_MEMBERS:
        op.execute(f"INSERT INTO {dimension} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({member})")
    op.execute("UPDATE dim_option_group SET choices = 'Unknown' WHERE option_group_key = -1")


def add_agents_to_facts() -> None:
    """The keys come before the foreign keys, which are then proved by set."""
    op.execute(AGENT_OF_DEVICE)
    op.execute("ANALYZE agent_of_device")
    for fact in FACTS:
        whose = "first event" if fact == "fact_session" else "event"
        comment = f"User agent of the {whose}; -1 is Unknown (dim_user_agent)"
        op.add_column(
            fact, sa.Column("user_agent_key", sa.BigInteger, nullable=False, server_default="-1", comment=comment)
        )
        if fact == "fact_event":
            op.execute(AGENTS_AND_PRODUCTS_OF_EVENTS)
            continue
        op.execute(AGENTS_OF_FACT.format(fact=fact))
        op.create_foreign_key(
            f"{fact}_user_agent_key_fkey", fact, "dim_user_agent", ["user_agent_key"], ["user_agent_key"]
        )
    op.execute("DROP TABLE agent_of_device")


def upgrade() -> None:
    rename_store("dim_country", "dim_store")
    create_seed_view()
    create_user_agents()
    describe_days()
    describe_kinds()
    add_members()
    add_agents_to_facts()
    op.execute(PRODUCTS_OF_RECOMMENDATIONS)
    op.execute(CATALOGUED_PRICES)
    for table in HAVE_OPTIONS:
        op.execute(f"UPDATE {table} SET option_group_key = -2 WHERE option_group_key = -1")
    for column, _, comment in COMMENTS:
        say(f"COLUMN {column}", comment)
    op.add_column("resolved_event", sa.Column("user_agent_key", sa.BigInteger), schema="staging")
    # As 0019 did with every other price: a currency has up to four decimals.
    op.alter_column("dim_product_price", "price", type_=sa.Numeric)


def downgrade() -> None:
    op.alter_column("dim_product_price", "price", type_=sa.Numeric(14, 2))
    op.drop_column("resolved_event", "user_agent_key", schema="staging")
    for column, comment, _ in COMMENTS:
        say(f"COLUMN {column}", comment)
    for table in HAVE_OPTIONS:
        op.execute(f"UPDATE {table} SET option_group_key = -1 WHERE option_group_key = -2")
    for table, column in NOT_APPLICABLE_KEYS:
        op.execute(f"UPDATE {table} SET {column} = -1 WHERE {column} = -2")
    for fact in reversed(FACTS):
        op.drop_column(fact, "user_agent_key")
    op.execute("UPDATE dim_option_group SET choices = '(none chosen)' WHERE option_group_key = -1")
    op.drop_table("dim_user_agent")
    for dimension, columns, _ in NOT_APPLICABLE_MEMBERS:
        if dimension != "dim_user_agent":
            op.execute(f"DELETE FROM {dimension} WHERE {columns.partition(',')[0]} = -2")
    op.execute("DELETE FROM dim_event_kind WHERE kind_key < 0")
    op.execute("DELETE FROM dim_date WHERE date_key = -2")
    for table, names in (
        ("dim_event_kind", ("has_product", "has_recommended_product")),
        ("dim_date", [*LABELS, *NUMBERS]),
    ):
        for name in names:
            op.drop_column(table, name)
    op.execute("DROP VIEW dim_country")
    rename_store("dim_store", "dim_country")
