"""Product views: the atomic fact, partitioned by month, and its daily aggregate."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DIMENSION_KEYS = {
    "date_key": ("dim_date", "Day of the event in the business time zone, yyyymmdd"),
    "product_key": ("dim_product", "Product seen"),
    "country_key": ("dim_country", "Store, and its country"),
    "referrer_key": ("dim_referrer", "Page that led here"),
    "device_key": ("dim_device", "Visitor's device"),
}

# Partitions are bounded by date_key, so a month is a month of the business time zone. The function runs as its owner:
# the ETL may have partitions made, but owns none.
ENSURE_MONTH_PARTITION = """
CREATE FUNCTION etl.ensure_month_partition(month date) RETURNS boolean
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


def dimension_key(name: str) -> sa.Column[int]:
    dimension, comment = DIMENSION_KEYS[name]
    kind = sa.Integer if name == "date_key" else sa.BigInteger
    return sa.Column(name, kind, nullable=False, comment=f"{comment}; -1 is Unknown ({dimension})")


def create_atomic_fact() -> None:
    op.create_table(
        "fact_product_view_event",
        sa.Column("event_id", UUID, primary_key=True, comment="Identity of the event"),
        sa.Column("event_time", sa.DateTime(timezone=True), nullable=False, comment="When the page was seen"),
        dimension_key("product_key"),
        dimension_key("country_key"),
        dimension_key("referrer_key"),
        dimension_key("device_key"),
        sa.Column("bus_offset", sa.BigInteger, nullable=False, comment="Offset on the bus"),
        sa.Column("run_id", sa.BigInteger, nullable=False, comment="Run of the ETL that loaded it (etl.run)"),
        sa.Column("visitor", UUID, comment="Keyed hash of the user id, else of the device id; null where neither"),
        sa.Column(
            "date_key",
            sa.Integer,
            primary_key=True,
            autoincrement=False,
            comment="Day of the event in the business time zone, yyyymmdd (dim_date)",
        ),
        sa.Column("bus_partition", sa.Integer, nullable=False, comment="Partition of the topic"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether the event's user agent is a robot's"),
        sa.Column("bus_topic", sa.Text, nullable=False, comment="Topic of the bus"),
        sa.Column("utm_source", sa.Text, comment="Campaign source"),
        sa.Column("utm_medium", sa.Text, comment="Campaign medium"),
        sa.Column("options", JSONB, comment="Options chosen on the page, as sent"),
        postgresql_partition_by="RANGE (date_key)",
        comment="One row per product view",
    )
    op.execute("CREATE TABLE fact_product_view_event_default PARTITION OF fact_product_view_event DEFAULT")
    op.execute("COMMENT ON TABLE fact_product_view_event_default IS 'Stays empty: the ETL makes each month ahead'")


def create_daily_fact() -> None:
    op.create_table(
        "fact_product_views",
        *(
            sa.Column(
                name,
                sa.Integer if name == "date_key" else sa.BigInteger,
                primary_key=True,
                autoincrement=False,
                comment=f"{comment} ({dimension})",
            )
            for name, (dimension, comment) in DIMENSION_KEYS.items()
        ),
        sa.Column("view_count", sa.BigInteger, nullable=False, comment="Product views"),
        sa.Column("unique_visitors", sa.BigInteger, nullable=False, comment="Exact at this grain; never sum it"),
        sa.Column("first_view_time", sa.DateTime(timezone=True), nullable=False, comment="Earliest view"),
        sa.Column("last_view_time", sa.DateTime(timezone=True), nullable=False, comment="Latest view"),
        sa.Column("view_duration_seconds", sa.BigInteger, nullable=False, comment="Latest minus earliest view"),
        sa.Column("avg_view_timestamp", sa.DateTime(timezone=True), nullable=False, comment="Mean time of the views"),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=False, comment="When the row was last computed"),
        comment="One row per day, product, country, referrer and device",
    )


def upgrade() -> None:
    create_atomic_fact()
    create_daily_fact()
    op.execute(ENSURE_MONTH_PARTITION)
    op.execute("COMMENT ON FUNCTION etl.ensure_month_partition IS 'Makes the partition of a month; false if it exists'")
    op.execute("REVOKE ALL ON FUNCTION etl.ensure_month_partition FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.ensure_month_partition TO warehouse_etl")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON fact_product_view_event, fact_product_views TO warehouse_etl")


def downgrade() -> None:
    op.execute("DROP FUNCTION etl.ensure_month_partition(date)")
    op.drop_table("fact_product_views")
    op.drop_table("fact_product_view_event")
