"""Runs the revisions and what is repeatable as `warehouse_owner`, in one transaction; errors become one line.

A revision needs most tables alone. It waits for a reader no longer than LOCK_TIMEOUT, since everybody who comes later
waits with it, and begins again after a pause.
"""

import sys
import time
from collections.abc import Callable

import psycopg
from alembic import context
from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from config.errors import ConfigurationError, TerminalError
from migrations.models import is_compared, is_modelled, metadata
from migrations.repeatable import apply_changes, drop_all
from migrations.settings import MigrationSettings

# The version table stays out of the schemas that analysts see.
VERSION_SCHEMA = "etl"
# Longer than deadlock_timeout (1 s), after which an autovacuum gives way.
LOCK_TIMEOUT = "-c lock_timeout=2s"
LOCK_NOT_AVAILABLE = "55P03"
PAUSE_SECONDS = 5.0
PATIENCE_SECONDS = 900.0


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
        if is_another_revision_wanted():
            by_the_driver(connection, drop_all)
        context.run_migrations()
        if wanted_revision() is not None and is_newest():
            by_the_driver(connection, apply_changes)


def wanted_revision() -> str | None:
    """What upgrade or downgrade were asked for, None for commands that change nothing."""
    wanted: str | None = context.get_context().opts.get("destination_rev")
    return wanted


def is_newest() -> bool:
    """Whether the schema is that of the newest revision."""
    return set(context.get_context().get_current_heads()) == set(context.script.get_heads())


def is_another_revision_wanted() -> bool:
    """Whether revisions are to run: before that, no view may read what they change."""
    wanted = wanted_revision()
    return wanted is not None and not (is_newest() and wanted in {"head", "heads", *context.script.get_heads()})


def by_the_driver(connection: Connection, work: Callable[[psycopg.Connection], object]) -> None:
    """Do it in the driver's own connection, in the same transaction: files of SQL are no templates of SQLAlchemy's.

    The server's errors are raised as SQLAlchemy's, as those of the revisions are.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"migrations run through psycopg, not {type(driver).__name__}")
    try:
        work(driver)
    except psycopg.OperationalError as error:
        raise OperationalError(work.__name__, None, error) from error


def run_beside_readers(engine: Engine) -> None:
    """Run the revisions, again while somebody holds a table; raises OperationalError when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                return run_revisions(connection)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
            print("alembic: another session holds a table (docs/locks.md); trying again", file=sys.stderr, flush=True)
            time.sleep(PAUSE_SECONDS)


def main() -> None:
    """Connect and run; exits with one line where the settings or the login are wrong."""
    try:
        settings = MigrationSettings.load()
        arguments = {"connect_timeout": 10, "options": LOCK_TIMEOUT}
        engine = create_engine(database_url(settings), poolclass=NullPool, connect_args=arguments)
        run_beside_readers(engine)
    except (ConfigurationError, TerminalError) as error:
        sys.exit(f"alembic: {error}")
    except OperationalError as error:
        address = f"{settings.postgres_host}:{settings.postgres_port}"
        problem = " ".join(str(error.orig).split())
        refused = "; check POSTGRES_OWNER_PASSWORD" if "authentication failed" in problem else ""
        sys.exit(f"alembic: PostgreSQL at {address} refused or is down{refused}: {problem}")


if context.is_offline_mode():
    sys.exit("alembic: only online migrations are supported (roles and grants are read from the server)")
main()
