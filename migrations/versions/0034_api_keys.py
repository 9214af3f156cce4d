"""Keys of the API, in a schema that its own role reads and nobody else but the operator's login."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# Roles belong to the cluster, not to this database: a downgrade leaves it.
CREATE_MISSING_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'serving_api') THEN
        IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            RAISE EXCEPTION 'role serving_api is missing and % may not create it', current_user
                USING HINT = 'As a superuser: CREATE ROLE serving_api LOGIN PASSWORD ..., or ./millrace bootstrap';
        END IF;
        CREATE ROLE serving_api NOLOGIN;
    END IF;
END
$$
"""


def on_this_database(privileges: str) -> str:
    """A statement that names the database it runs in."""
    return f"DO $$ BEGIN EXECUTE format('{privileges}', current_database()); END $$"


def create_keys() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text, primary_key=True, comment="Second part of the key, 12 hex digits; no secret"),
        sa.Column("kind", sa.Text, nullable=False, comment="secret, or publishable: in web pages, for beacons alone"),
        sa.Column("name", sa.Text, nullable=False, comment="Whose it is, as the operator said"),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False, comment="SHA-256 of the secret, which has 256 bits"),
        sa.Column(
            "feeds", postgresql.ARRAY(sa.Text), nullable=False, comment="Feeds that it may write; * is every one"
        ),
        sa.Column("origins", postgresql.ARRAY(sa.Text), nullable=False, comment="Origins of web pages; empty for any"),
        sa.Column("events_per_second", sa.Numeric, nullable=False, comment="Rate limit, in each process of the API"),
        sa.Column("burst", sa.Integer, nullable=False, comment="Events at once"),
        sa.Column("made_at", sa.DateTime(True), nullable=False, server_default=sa.func.now(), comment="UTC"),
        sa.Column("revoked_at", sa.DateTime(True), comment="UTC; null while it is good"),
        sa.CheckConstraint("kind IN ('secret', 'publishable')", name="api_key_kind"),
        sa.CheckConstraint("events_per_second > 0 AND burst > 0", name="api_key_limit"),
        schema="serving",
        comment="One row per key of the API, revoked ones too",
    )


def upgrade() -> None:
    op.execute(CREATE_MISSING_ROLE)
    op.execute("CREATE SCHEMA serving")
    op.execute("COMMENT ON SCHEMA serving IS 'Who may use the API'")
    create_keys()
    op.execute(on_this_database("GRANT CONNECT ON DATABASE %I TO serving_api"))
    op.execute("GRANT USAGE ON SCHEMA serving TO serving_api, warehouse_etl")
    op.execute("GRANT SELECT ON serving.api_key TO serving_api")
    op.execute("GRANT SELECT, INSERT, UPDATE (revoked_at) ON serving.api_key TO warehouse_etl")


def downgrade() -> None:
    op.drop_table("api_key", schema="serving")
    op.execute("DROP SCHEMA serving")
    op.execute(on_this_database("REVOKE CONNECT ON DATABASE %I FROM serving_api"))
