"""Dimensions, each with member -1 (Unknown); days 2015-2040."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, UUID

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DIMENSIONS = ("dim_date", "dim_product", "dim_country", "dim_referrer", "dim_device")

FILL_DATES = """
INSERT INTO dim_date (date_key, date, year, month, day, day_of_week, week_of_year, quarter)
SELECT to_char(day, 'YYYYMMDD')::integer, day::date, extract(year FROM day), extract(month FROM day),
       extract(day FROM day), extract(isodow FROM day), extract(week FROM day), extract(quarter FROM day)
FROM generate_series(timestamp '2015-01-01', timestamp '2040-12-31', interval '1 day') AS day
UNION ALL
SELECT -1, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""

# A product, store, referrer or device that is not known keeps its facts: they point to member -1.
UNKNOWN_MEMBERS = (
    "INSERT INTO dim_product (product_key, product_name) OVERRIDING SYSTEM VALUE VALUES (-1, 'Unknown')",
    "INSERT INTO dim_country (country_key, country_name) OVERRIDING SYSTEM VALUE VALUES (-1, 'Unknown')",
    "INSERT INTO dim_referrer (referrer_key, referrer_type) OVERRIDING SYSTEM VALUE VALUES (-1, 'Unknown')",
    "INSERT INTO dim_device (device_key, device_type, is_bot) OVERRIDING SYSTEM VALUE VALUES (-1, 'Unknown', false)",
)


def surrogate_key(name: str) -> sa.Column[int]:
    return sa.Column(
        name, sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="Surrogate key; never changes"
    )


def described_by() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("described_at", sa.DateTime(timezone=True), comment="Time of the event that the description is from"),
        sa.Column("described_by", UUID, comment="That event's id: of two at the same time, the greater id describes"),
    )


def create_dim_date() -> None:
    op.create_table(
        "dim_date",
        sa.Column("date_key", sa.Integer, primary_key=True, autoincrement=False, comment="yyyymmdd; -1 is Unknown"),
        sa.Column("date", sa.Date, unique=True, comment="The day in the business time zone"),
        sa.Column("year", sa.SmallInteger, comment="Calendar year"),
        sa.Column("month", sa.SmallInteger, comment="1-12"),
        sa.Column("day", sa.SmallInteger, comment="Day of the month, 1-31"),
        sa.Column("day_of_week", sa.SmallInteger, comment="ISO 8601: 1 is Monday, 7 is Sunday"),
        sa.Column("week_of_year", sa.SmallInteger, comment="ISO 8601 week, 1-53"),
        sa.Column("quarter", sa.SmallInteger, comment="1-4"),
        comment="One row per day from 2015 to 2040",
    )


def create_dim_product() -> None:
    op.create_table(
        "dim_product",
        surrogate_key("product_key"),
        sa.Column("product_id", sa.Text, unique=True, comment="The shop's id of the product"),
        sa.Column("product_name", sa.Text, comment="From the slug of the newest product page seen"),
        sa.Column("category", sa.Text, comment="From the path or the slug of the newest product page seen"),
        sa.Column("price", sa.Numeric(14, 2), comment="Newest price sent with a view, in currency"),
        sa.Column("currency", sa.Text, comment="ISO 4217, or the symbol as sent where it names no single currency"),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default="true", comment="False once withdrawn"),
        sa.Column("created_date", sa.Date, comment="Day of the first view, in the business time zone"),
        *described_by(),
        sa.Column("priced_at", sa.DateTime(timezone=True), comment="Time of the event that the price is from"),
        sa.Column("priced_by", UUID, comment="That event's id"),
        comment="One row per product",
    )


def create_dim_country() -> None:
    op.create_table(
        "dim_country",
        surrogate_key("country_key"),
        sa.Column("store_id", sa.Text, unique=True, comment="The shop's id of the store"),
        sa.Column("country_name", sa.Text, comment="English short name, or International"),
        sa.Column("country_code", sa.Text, comment="ISO 3166-1 alpha-2"),
        sa.Column("region", sa.Text, comment="UN M49 sub-region"),
        sa.Column("continent", sa.Text, comment="Continent"),
        sa.Column("currency", sa.Text, comment="ISO 4217"),
        sa.Column("time_zone", sa.Text, comment="IANA zone of the capital"),
        *described_by(),
        comment="One row per store, with the country it sells to",
    )


def create_dim_referrer() -> None:
    op.create_table(
        "dim_referrer",
        surrogate_key("referrer_key"),
        sa.Column("referrer_url", sa.Text, comment="Host and path, or (direct)"),
        sa.Column("referrer_sha256", BYTEA, unique=True, comment="SHA-256 of referrer_url in UTF-8"),
        sa.Column("referrer_domain", sa.Text, comment="Registrable domain"),
        sa.Column(
            "referrer_type",
            sa.Text,
            nullable=False,
            comment="Search Engine, Social Media, Email, Internal, Direct, Other or Unknown",
        ),
        comment="One row per normalised referrer URL",
    )


def create_dim_device() -> None:
    op.create_table(
        "dim_device",
        surrogate_key("device_key"),
        sa.Column("device_id", sa.Text, unique=True, comment="The id the shop gave the browser or application"),
        sa.Column("device_type", sa.Text, comment="Desktop, Mobile, Tablet, TV, Console, Bot, Other or Unknown"),
        sa.Column("browser_info", sa.Text, comment="Browser and major version"),
        sa.Column("os", sa.Text, comment="Operating system and version"),
        sa.Column("is_bot", sa.Boolean, nullable=False, comment="Whether its newest user agent is a robot's"),
        *described_by(),
        comment="One row per device, described by its newest user agent",
    )


def upgrade() -> None:
    create_dim_date()
    create_dim_product()
    create_dim_country()
    create_dim_referrer()
    create_dim_device()
    op.execute(FILL_DATES)
    for statement in UNKNOWN_MEMBERS:
        op.execute(statement)
    op.execute("GRANT SELECT ON dim_date TO warehouse_etl")
    op.execute("GRANT SELECT, INSERT, UPDATE ON dim_product, dim_country, dim_referrer, dim_device TO warehouse_etl")


def downgrade() -> None:
    for table in reversed(DIMENSIONS):
        op.drop_table(table)
