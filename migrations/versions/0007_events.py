"""Events of every kind: the table that tells duplicates, and what it takes from staging and the ledger.

What was loaded before is copied from the atomic fact of product views; `etl --full-refresh` adds the other kinds.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# The feed's kinds in the order of a visit, with the step that each stands for.
KINDS = (
    ("view_landing_page", "page"),
    ("view_home_page", "page"),
    ("view_static_page", "page"),
    ("view_listing_page", "page"),
    ("view_sorting_relevance", "listing"),
    ("sorting_relevance_click_action", "listing"),
    ("search_box_action", "search"),
    ("view_product_detail", "view"),
    ("select_product_option", "option"),
    ("select_product_option_quality", "option"),
    ("view_all_recommend", "recommendation"),
    ("product_view_all_recommend_clicked", "recommendation"),
    ("landing_page_recommendation_visible", "recommendation"),
    ("landing_page_recommendation_noticed", "recommendation"),
    ("landing_page_recommendation_clicked", "recommendation"),
    ("listing_page_recommendation_visible", "recommendation"),
    ("listing_page_recommendation_noticed", "recommendation"),
    ("listing_page_recommendation_clicked", "recommendation"),
    ("product_detail_recommendation_visible", "recommendation"),
    ("product_detail_recommendation_noticed", "recommendation"),
    ("product_detail_recommendation_clicked", "recommendation"),
    ("add_to_cart_action", "cart"),
    ("view_shopping_cart", "cart page"),
    ("back_to_product_action", "cart page"),
    ("checkout", "checkout"),
    ("checkout_success", "order"),
    ("view_my_account", "account"),
)

# Makes a month's partition of both atomic tables. Runs as its owner: the ETL may have partitions made, but owns none.
ENSURE_MONTH_PARTITION = """
CREATE OR REPLACE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    next_month date := (first_day + interval '1 month')::date;
    fact text;
    partition_name text;
    is_new boolean := false;
BEGIN
    FOREACH fact IN ARRAY ARRAY['fact_event', 'fact_product_view_event'] LOOP
        partition_name := fact || to_char(first_day, '_YYYY_MM');
        IF to_regclass(format('public.%I', partition_name)) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%s) TO (%s)',
                partition_name, fact, to_char(first_day, 'YYYYMMDD'), to_char(next_month, 'YYYYMMDD'));
            EXECUTE format(
                'COMMENT ON TABLE public.%I IS %L', partition_name, 'Month ' || to_char(first_day, 'YYYY-MM'));
            is_new := true;
        END IF;
    END LOOP;
    RETURN is_new;
END
$$
"""
ENSURE_VIEW_MONTH_PARTITION = """
CREATE OR REPLACE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    next_month date := (first_day + interval '1 month')::date;
    partition_name text := 'fact_product_view_event_' || to_char(first_day, 'YYYY_MM');
BEGIN
    IF to_regclass(format('public.%I', partition_name)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.fact_product_view_event FOR VALUES FROM (%s) TO (%s)',
        partition_name, to_char(first_day, 'YYYYMMDD'), to_char(next_month, 'YYYYMMDD'));
    EXECUTE format(
        'COMMENT ON TABLE public.%I IS %L',
        partition_name, 'Product views of ' || to_char(first_day, 'YYYY-MM'));
    RETURN true;
END
$$
"""
MONTHS_LOADED = """
SELECT etl.ensure_month_partition(month)
FROM (SELECT DISTINCT date_trunc('month', to_date(date_key::text, 'YYYYMMDD'))::date AS month
      FROM fact_product_view_event) AS months
"""
VIEWS_LOADED = """
INSERT INTO fact_event (
    event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, visitor, date_key,
    bus_partition, kind_key, is_bot, bus_topic
)
SELECT event_id, event_time, product_key, country_key, referrer_key, device_key, bus_offset, run_id, visitor, date_key,
       bus_partition, (SELECT kind_key FROM dim_event_kind WHERE kind = 'view_product_detail'), is_bot, bus_topic
FROM fact_product_view_event
"""

# Columns in the order of the COPY; the same names as in spark/staged_rows.py.
STAGING_TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "event": (
        "One row per valid event of the run, the first of each event id",
        {
            "event_id": UUID,
            "event_time": TIME,
            "date_key": sa.Integer,
            "kind": sa.Text,
            "product_id": sa.Text,
            "store_id": sa.Text,
            "page": sa.Text,
            "referrer_hash": UUID,
            "device_id": sa.Text,
            "user_agent_hash": UUID,
            "visitor": UUID,
            "options": JSONB,
            "option_group_hash": UUID,
            "utm_source": sa.Text,
            "utm_medium": sa.Text,
            "price": sa.Numeric,
            "currency": sa.Text,
            "order_id": sa.Text,
            "order_key": UUID,
            "search_terms": sa.Text,
            "recommended_product_id": sa.Text,
            "recommendation_position": sa.Integer,
            "bus_topic": sa.Text,
            "bus_partition": sa.Integer,
            "bus_offset": sa.BigInteger,
        },
    ),
    "resolved_event": (
        "One row per event that is new to the warehouse, its natural keys replaced by surrogate keys",
        {
            "event_id": UUID,
            "event_time": TIME,
            "product_key": sa.BigInteger,
            "country_key": sa.BigInteger,
            "referrer_key": sa.BigInteger,
            "device_key": sa.BigInteger,
            "option_group_key": sa.BigInteger,
            "recommended_product_key": sa.BigInteger,
            "bus_offset": sa.BigInteger,
            "visitor": UUID,
            "order_key": UUID,
            "date_key": sa.Integer,
            "bus_partition": sa.Integer,
            "recommendation_position": sa.Integer,
            "kind_key": sa.SmallInteger,
            "is_bot": sa.Boolean,
            "bus_topic": sa.Text,
            "page": sa.Text,
            "utm_source": sa.Text,
            "utm_medium": sa.Text,
            "price": sa.Numeric,
            "currency": sa.Text,
            "order_id": sa.Text,
            "search_terms": sa.Text,
            "options": JSONB,
        },
    ),
    "removed_event": (
        "One row per event that the run took out of the warehouse to load it again",
        {
            "event_id": UUID,
            "event_time": TIME,
            "visitor": UUID,
            "order_key": UUID,
            "bus_topic": sa.Text,
            "bus_partition": sa.Integer,
        },
    ),
    "removed_rejection": (
        "One row per rejected event that the run judges again",
        {"bus_topic": sa.Text, "bus_partition": sa.Integer, "bus_offset": sa.BigInteger},
    ),
}
REPLACED_STAGING_TABLES: dict[str, tuple[str, dict[str, Any]]] = {
    "product_view": (
        "One row per valid product view of the run, the first of each event id",
        {
            "event_id": UUID,
            "event_time": TIME,
            "date_key": sa.Integer,
            "product_id": sa.Text,
            "store_id": sa.Text,
            "referrer_hash": UUID,
            "device_id": sa.Text,
            "user_agent_hash": UUID,
            "visitor": UUID,
            "options": JSONB,
            "utm_source": sa.Text,
            "utm_medium": sa.Text,
            "bus_topic": sa.Text,
            "bus_partition": sa.Integer,
            "bus_offset": sa.BigInteger,
        },
    ),
    "resolved_view": (
        "One row per product view that is new to the warehouse, its natural keys replaced by surrogate keys",
        {
            "event_id": UUID,
            "event_time": TIME,
            "product_key": sa.BigInteger,
            "country_key": sa.BigInteger,
            "referrer_key": sa.BigInteger,
            "device_key": sa.BigInteger,
            "bus_offset": sa.BigInteger,
            "visitor": UUID,
            "date_key": sa.Integer,
            "bus_partition": sa.Integer,
            "is_bot": sa.Boolean,
            "bus_topic": sa.Text,
            "utm_source": sa.Text,
            "utm_medium": sa.Text,
            "options": JSONB,
        },
    ),
}

MODES = "'incremental', 'days', 'full refresh', 'rejected'"
LEDGER_COMMENTS = {
    "other_kinds": "Of these, events of no kind that the warehouse knows",
    "events": "Events of the known kinds: landed - other_kinds",
    "loaded": "Events that became a row of fact_event",
    "duplicates": "Events whose id was loaded before, in this run or an earlier one",
    "rejected": "Events that broke a rule: rows of etl.rejected_event",
}
FORMER_COMMENTS = {
    "other_kinds": "Of these, events that are no product view",
    "events": "Product views: landed - other_kinds",
    "loaded": "Product views that became a row of the atomic fact",
    "duplicates": "Product views whose event id was loaded before, in this run or an earlier one",
    "rejected": "Product views that broke a rule: rows of etl.rejected_event",
}


def create_staging(tables: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for name, (grain, columns) in tables.items():
        op.create_table(
            name,
            *(sa.Column(column, kind) for column, kind in columns.items()),
            schema="staging",
            prefixes=["UNLOGGED"],
            comment=grain,
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE, TRUNCATE ON staging.{name} TO warehouse_etl")


def drop_staging(tables: dict[str, tuple[str, dict[str, Any]]]) -> None:
    for name in tables:
        op.drop_table(name, schema="staging")


def create_event_kinds() -> None:
    table = op.create_table(
        "dim_event_kind",
        sa.Column("kind_key", sa.SmallInteger, primary_key=True, autoincrement=False, comment="Surrogate key"),
        sa.Column("kind", sa.Text, nullable=False, unique=True, comment="The event's `collection`"),
        sa.Column(
            "step",
            sa.Text,
            nullable=False,
            comment="page, listing, search, view, option, recommendation, cart, cart page, checkout, order or account",
        ),
        comment="One row per kind of event",
    )
    op.bulk_insert(table, [{"kind_key": n, "kind": kind, "step": step} for n, (kind, step) in enumerate(KINDS, 1)])
    op.execute("GRANT SELECT ON dim_event_kind TO warehouse_etl")


def create_event_fact() -> None:
    # No foreign keys: every key comes from a join with its dimension in the same transaction, the
    # facts built from this table check theirs, and six checks a row would double its price. sql/quality looks.
    op.create_table(
        "fact_event",
        sa.Column("event_id", UUID, primary_key=True, comment="Identity of the event"),
        sa.Column("event_time", TIME, nullable=False, comment="When it happened"),
        sa.Column("product_key", sa.BigInteger, nullable=False, comment="Product it is about; -1 is none or Unknown"),
        sa.Column("country_key", sa.BigInteger, nullable=False, comment="Store, and its country (dim_country)"),
        sa.Column("referrer_key", sa.BigInteger, nullable=False, comment="Page that led here (dim_referrer)"),
        sa.Column("device_key", sa.BigInteger, nullable=False, comment="Visitor's device (dim_device)"),
        sa.Column("bus_offset", sa.BigInteger, nullable=False, comment="Offset on the bus"),
        sa.Column("run_id", sa.BigInteger, nullable=False, comment="Run of the ETL that loaded it (etl.run)"),
        sa.Column("visitor", UUID, comment="Keyed hash of the user id, else of the device id; null where neither"),
        sa.Column("order_key", UUID, comment="The order that a checkout_success tells of (fact_order)"),
        sa.Column(
            "date_key",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            comment="Day of the event in the business time zone, yyyymmdd (dim_date)",
        ),
        sa.Column("bus_partition", sa.Integer, nullable=False, comment="Partition of the topic"),
        sa.Column("kind_key", sa.SmallInteger, nullable=False, comment="Kind of event (dim_event_kind)"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether the event's user agent is a robot's"),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Topic of the bus"),
        sa.Column("page", sa.Text, comment="Host and path of the page; only the scheme where it is no web page"),
        sa.Column("order_id", sa.Text, comment="The shop's order id, on a checkout_success"),
        postgresql_partition_by="RANGE (date_key)",
        comment="One row per event of any kind",
    )
    op.execute("CREATE TABLE fact_event_default PARTITION OF fact_event DEFAULT")
    op.execute("COMMENT ON TABLE fact_event_default IS 'Stays empty: the ETL makes each month ahead'")
    op.create_index("fact_event_visitor_time", "fact_event", ["visitor", "event_time"])
    op.create_index("fact_event_order", "fact_event", ["order_key"], postgresql_where=sa.text("order_key IS NOT NULL"))
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON fact_event TO warehouse_etl")


def change_ledger(comments: dict[str, str]) -> None:
    for table in ("run", "run_range"):
        for column, comment in comments.items():
            op.alter_column(table, column, schema="etl", comment=comment)


def upgrade() -> None:
    create_event_kinds()
    create_event_fact()
    drop_staging(REPLACED_STAGING_TABLES)
    create_staging(STAGING_TABLES)
    op.execute(ENSURE_MONTH_PARTITION)
    op.execute(MONTHS_LOADED)
    op.execute(VIEWS_LOADED)
    for table in ("run", "run_range"):
        op.alter_column(table, "views", schema="etl", new_column_name="events")
    change_ledger(LEDGER_COMMENTS)
    op.add_column(
        "run",
        sa.Column(
            "mode",
            sa.Text,
            sa.CheckConstraint(f"mode IN ({MODES})", name="run_mode"),
            nullable=False,
            server_default="incremental",
            comment="incremental: what had landed since; the others load again, and their counts are what they changed",
        ),
        schema="etl",
    )
    op.add_column("run", sa.Column("from_date", sa.Date, comment="First day that was loaded again"), schema="etl")
    op.add_column("run", sa.Column("to_date", sa.Date, comment="Last day that was loaded again"), schema="etl")
    op.add_column("rejected_event", sa.Column("kind", sa.Text, comment="The event's collection"), schema="etl")
    op.add_column(
        "rejected_event",
        sa.Column("event_date", sa.Date, comment="Its day in the business time zone, where it tells one"),
        schema="etl",
    )
    op.execute("UPDATE etl.rejected_event SET kind = 'view_product_detail'")
    op.alter_column("rejected_event", "kind", schema="etl", nullable=False)
    for schema in ("etl", "staging"):
        op.create_table_comment("rejected_event", "One row per event that broke a rule", schema=schema)
    op.add_column("rejected_event", sa.Column("kind", sa.Text), schema="staging")
    op.add_column("rejected_event", sa.Column("event_date", sa.Date), schema="staging")
    op.execute("GRANT UPDATE, DELETE ON etl.rejected_event TO warehouse_etl")


def downgrade() -> None:
    op.execute("REVOKE UPDATE, DELETE ON etl.rejected_event FROM warehouse_etl")
    for schema in ("staging", "etl"):
        for column in ("event_date", "kind"):
            op.drop_column("rejected_event", column, schema=schema)
        op.create_table_comment("rejected_event", "One row per product view that broke a rule", schema=schema)
    for column in ("to_date", "from_date", "mode"):
        op.drop_column("run", column, schema="etl")
    change_ledger(FORMER_COMMENTS)
    for table in ("run", "run_range"):
        op.alter_column(table, "events", schema="etl", new_column_name="views")
    op.execute(ENSURE_VIEW_MONTH_PARTITION)
    drop_staging(STAGING_TABLES)
    create_staging(REPLACED_STAGING_TABLES)
    op.drop_table("fact_event")
    op.drop_table("dim_event_kind")
