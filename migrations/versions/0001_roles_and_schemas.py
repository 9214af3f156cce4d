"""Roles, schemas and what each role may reach."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Roles belong to the cluster, not to this database: a downgrade leaves them.
CREATE_MISSING_ROLES = """
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['warehouse_etl', 'bi_reader'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
            IF NOT (SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user) THEN
                RAISE EXCEPTION 'role % is missing and % may not create it', role_name, current_user
                    USING HINT = format('As a superuser: CREATE ROLE %I LOGIN PASSWORD ...', role_name);
            END IF;
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
END
$$
"""

SCHEMAS = {
    "staging": "What Spark copied for the run under way; emptied by the next run",
    "etl": "Ledger of runs, watermarks of the bus, rejected events",
    "mart": "Views for analysts, one grain each",
}


def on_this_database(privileges: str) -> str:
    """A statement that names the database it runs in, such as `GRANT CONNECT ON DATABASE %I TO bi_reader`."""
    return f"DO $$ BEGIN EXECUTE format('{privileges}', current_database()); END $$"


def upgrade() -> None:
    op.execute(CREATE_MISSING_ROLES)
    op.execute("COMMENT ON SCHEMA public IS 'The star: dimensions and facts'")
    for schema, comment in SCHEMAS.items():
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        op.execute(f"COMMENT ON SCHEMA {schema} IS '{comment}'")
    op.execute(on_this_database("REVOKE ALL ON DATABASE %I FROM PUBLIC"))
    op.execute(on_this_database("GRANT CONNECT ON DATABASE %I TO warehouse_etl, bi_reader"))
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute("GRANT USAGE ON SCHEMA public, staging, etl TO warehouse_etl")
    op.execute("GRANT USAGE ON SCHEMA public, mart TO bi_reader")
    for schema in ("public", "mart"):
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO bi_reader")


def downgrade() -> None:
    for schema in ("public", "mart"):
        op.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE SELECT ON TABLES FROM bi_reader")
    op.execute("REVOKE ALL ON SCHEMA public FROM warehouse_etl, bi_reader")
    op.execute("REVOKE USAGE ON SCHEMA etl FROM warehouse_etl")
    op.execute(on_this_database("REVOKE ALL ON DATABASE %I FROM warehouse_etl, bi_reader"))
    op.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    op.execute(on_this_database("GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC"))
    op.execute("COMMENT ON SCHEMA public IS 'standard public schema'")
    # etl itself stays: it holds Alembic's version table.
    op.execute("COMMENT ON SCHEMA etl IS NULL")
    op.execute("DROP SCHEMA mart")
    op.execute("DROP SCHEMA staging")
