"""Runs the revisions as `warehouse_owner`, all in one transaction; errors of access become one line."""

import sys

from alembic import context
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from config.errors import ConfigurationError
from migrations.models import is_compared, is_modelled, metadata
from migrations.settings import MigrationSettings

# The version table stays out of the schemas that analysts see.
VERSION_SCHEMA = "etl"


def database_url(settings: MigrationSettings) -> URL:
    """The warehouse's address with the owner's login."""
    return URL.create(
        "postgresql+psycopg",
        username=settings.postgres_owner_user,
        password=settings.postgres_owner_password.get_secret_value(),
        host=settings.postgres_host,
        port=settings.postgres_port,
        database=settings.postgres_db,
    )


def run_revisions(connection: Connection) -> None:
    """Bring the schema to the revision asked for, or leave it as it was."""
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
    connection.commit()
    context.configure(
        connection=connection,
        version_table_schema=VERSION_SCHEMA,
        # For `alembic check` and `alembic revision --autogenerate`.
        target_metadata=metadata,
        include_schemas=True,
        include_name=is_modelled,
        include_object=is_compared,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Connect and run; exits with one line where the settings or the login are wrong."""
    try:
        settings = MigrationSettings.load()
        engine = create_engine(database_url(settings), poolclass=NullPool, connect_args={"connect_timeout": 10})
        with engine.connect() as connection:
            run_revisions(connection)
    except ConfigurationError as error:
        sys.exit(f"alembic: {error}")
    except OperationalError as error:
        address = f"{settings.postgres_host}:{settings.postgres_port}"
        problem = " ".join(str(error.orig).split())
        refused = "; check POSTGRES_OWNER_PASSWORD" if "authentication failed" in problem else ""
        sys.exit(f"alembic: PostgreSQL at {address} refused or is down{refused}: {problem}")


if context.is_offline_mode():
    sys.exit("alembic: only online migrations are supported (roles and grants are read from the server)")
main()
