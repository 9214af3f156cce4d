"""Staging: what Spark copied for the run under way. Unlogged, since a run can always be staged again."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# Columns in the order of the COPY; the same names as in spark/staging.py.
STAGING_TABLES: dict[str, tuple[str, dict[str, Any]]] = {
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
    "product": (
        "One row per product and page path",
        {
            "product_id": sa.Text,
            "product_name": sa.Text,
            "category": sa.Text,
            "described_at": TIME,
            "described_by": UUID,
            "price": sa.Numeric,
            "currency": sa.Text,
            "priced_at": TIME,
            "priced_by": UUID,
            "first_date": sa.Date,
        },
    ),
    "store": (
        "One row per store and host",
        {
            "store_id": sa.Text,
            "country_name": sa.Text,
            "country_code": sa.Text,
            "region": sa.Text,
            "continent": sa.Text,
            "currency": sa.Text,
            "time_zone": sa.Text,
            "described_at": TIME,
            "described_by": UUID,
        },
    ),
    "referrer": (
        "One row per referrer as sent, without its query",
        {"referrer_hash": UUID, "referrer_url": sa.Text, "referrer_domain": sa.Text, "referrer_type": sa.Text},
    ),
    "device": (
        "One row per device: its newest user agent",
        {"device_id": sa.Text, "user_agent_hash": UUID, "described_at": TIME, "described_by": UUID},
    ),
    "user_agent": (
        "One row per user agent",
        {
            "user_agent_hash": UUID,
            "device_type": sa.Text,
            "browser_info": sa.Text,
            "os": sa.Text,
            "is_bot": sa.Boolean,
        },
    ),
    "rejected_event": (
        "One row per product view that broke a rule",
        {
            "bus_topic": sa.Text,
            "bus_partition": sa.Integer,
            "bus_offset": sa.BigInteger,
            "rule": sa.Text,
            "field": sa.Text,
            "value": sa.Text,
            "original": sa.Text,
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

# Only a table's owner may ANALYZE it, which the ETL is not; without statistics the load joins a million rows badly.
ANALYZE_STAGING = """
CREATE FUNCTION etl.analyze_staging(table_names text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    table_name text;
BEGIN
    FOREACH table_name IN ARRAY table_names LOOP
        EXECUTE format('ANALYZE staging.%I', table_name);
    END LOOP;
END
$$
"""


def upgrade() -> None:
    for name, (grain, columns) in STAGING_TABLES.items():
        op.create_table(
            name,
            *(sa.Column(column, kind) for column, kind in columns.items()),
            schema="staging",
            prefixes=["UNLOGGED"],
            comment=grain,
        )
    op.create_table(
        "loaded_partition",
        sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False, comment="Run of the ETL"),
        sa.Column("table_name", sa.Text, primary_key=True, comment="Staging table"),
        sa.Column("partition_id", sa.Integer, primary_key=True, autoincrement=False, comment="Partition in Spark"),
        sa.Column("rows", sa.BigInteger, nullable=False, comment="Rows copied"),
        schema="staging",
        prefixes=["UNLOGGED"],
        comment="One row per Spark partition copied: a retried task copies nothing twice",
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, TRUNCATE ON ALL TABLES IN SCHEMA staging TO warehouse_etl")
    op.execute(ANALYZE_STAGING)
    op.execute("COMMENT ON FUNCTION etl.analyze_staging IS 'Collects the planner''s statistics of staging tables'")
    op.execute("REVOKE ALL ON FUNCTION etl.analyze_staging FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION etl.analyze_staging TO warehouse_etl")


def downgrade() -> None:
    op.execute("DROP FUNCTION etl.analyze_staging(text[])")
    op.drop_table("loaded_partition", schema="staging")
    for name in reversed(STAGING_TABLES):
        op.drop_table(name, schema="staging")
