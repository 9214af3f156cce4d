"""What the query API reads as a role of its own, who may log in there, and what operators change."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

CREATE_MISSING_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'serving_query') THEN
        IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            RAISE EXCEPTION 'role serving_query is missing and % may not create it', current_user
                USING HINT = './millrace up, or ./millrace bootstrap --only postgres, makes it';
        END IF;
        CREATE ROLE serving_query NOLOGIN;
    END IF;
END
$$
"""
ON_THIS_DATABASE = "DO $$ BEGIN EXECUTE format('{}', current_database()); END $$"
# Of the star, what reports and paths are made of; nothing that tells of devices or texts of users.
STAR = (
    "dim_date, dim_event_kind, dim_product, dim_store, dim_referrer, dim_user_agent, fact_event, fact_session,"
    " fact_daily_product_views"
)
MARTS = "ALTER DEFAULT PRIVILEGES IN SCHEMA mart {} SELECT ON TABLES {} serving_query"
LEDGER = {
    "etl.run": "*",
    "etl.watermark": "*",
    "etl.quality_result": "*",
    "etl.rejected_event": "rule, field, kind, event_date, run_id, bus_topic, bus_partition, bus_offset",
    "live.stream": "*",
    "live.position": "*",
}
SHOWN = (
    "live.window_total",
    "live.window_count",
    "live.window_revenue",
    "live.window_metric",
    "live.quality",
    "live.series",
    "live.anomaly",
)


def create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.Text, primary_key=True, comment="What a person logs in as"),
        sa.Column("role", sa.Text, nullable=False, comment="viewer, or operator: may change what the pages let change"),
        sa.Column("password_hash", sa.Text, nullable=False, comment="bcrypt, with its salt and cost"),
        sa.Column(
            "credential_id",
            sa.Uuid,
            nullable=False,
            comment="Named by the sessions of the account; another one with each password, which ends them",
        ),
        sa.Column("made_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        sa.Column(
            "password_at",
            sa.DateTime(True),
            nullable=False,
            server_default=sa.func.now(),
            comment="When the password was set, UTC",
        ),
        sa.CheckConstraint("role IN ('viewer', 'operator')", name="account_role"),
        sa.CheckConstraint("name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'", name="account_name"),
        schema="serving",
        comment="One row per person who may log in to the dashboard",
    )


def create_changes() -> None:
    op.create_table(
        "tunable",
        sa.Column("name", sa.Text, primary_key=True, comment="Value of the query API that may change while it runs"),
        sa.Column("value", sa.Double, nullable=False, comment="In the unit that the API names"),
        sa.Column("set_by", sa.Text, nullable=False, comment="Account that set it"),
        sa.Column("set_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        schema="serving",
        comment="One row per tunable value that an operator has set; the others have their defaults",
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger, sa.Identity(always=True), primary_key=True, comment="In order of time"),
        sa.Column("at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        sa.Column("account", sa.Text, nullable=False, comment="Who did it; the account may be gone"),
        sa.Column("action", sa.Text, nullable=False, comment="anomaly.state or tunable.set"),
        sa.Column("subject", sa.Text, nullable=False, comment="Id of the anomaly, or name of the value"),
        sa.Column("before", sa.Text, comment="As it was; null where nothing was set"),
        sa.Column("after", sa.Text, comment="As it is since"),
        schema="serving",
        comment="One row per change that an operator made by the query API",
    )


def grant() -> None:
    op.execute("GRANT SELECT ON serving.account TO serving_api")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON serving.account TO warehouse_etl")
    op.execute("GRANT SELECT ON serving.audit, serving.tunable TO warehouse_etl")
    op.execute("GRANT USAGE ON SCHEMA public, mart, etl, live, serving TO serving_query")
    # A mart that changes is made anew.
    op.execute("GRANT SELECT ON ALL TABLES IN SCHEMA mart TO serving_query")
    op.execute(MARTS.format("GRANT", "TO"))
    op.execute(f"GRANT SELECT ON {STAR} TO serving_query")
    for table, columns in LEDGER.items():
        what = "SELECT" if columns == "*" else f"SELECT ({columns})"
        op.execute(f"GRANT {what} ON {table} TO serving_query")
    op.execute(f"GRANT SELECT ON {', '.join(SHOWN)} TO serving_query")
    op.execute("GRANT SELECT, INSERT, UPDATE ON serving.tunable TO serving_query")
    op.execute("GRANT SELECT, INSERT ON serving.audit TO serving_query")
    op.execute("GRANT UPDATE (state, state_by, state_at) ON live.anomaly TO serving_query")
    op.execute(ON_THIS_DATABASE.format("GRANT CONNECT ON DATABASE %I TO serving_query"))


def upgrade() -> None:
    op.execute(CREATE_MISSING_ROLE)
    create_accounts()
    create_changes()
    grant()


def downgrade() -> None:
    op.execute(ON_THIS_DATABASE.format("REVOKE ALL ON DATABASE %I FROM serving_query"))
    op.execute(f"REVOKE ALL ON {', '.join([*LEDGER, *SHOWN])} FROM serving_query")
    op.execute(f"REVOKE ALL ON {STAR} FROM serving_query")
    op.execute(MARTS.format("REVOKE", "FROM"))
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA mart FROM serving_query")
    for table in ("audit", "tunable", "account"):
        op.drop_table(table, schema="serving")
    op.execute("REVOKE USAGE ON SCHEMA public, mart, etl, live, serving FROM serving_query")
