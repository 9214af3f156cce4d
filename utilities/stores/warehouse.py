"""A command's connection to the warehouse: who logs in, and every error of the server as one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from pydantic import SecretStr

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.operator_logins import WarehouseSettings
from config.settings import PostgresSettings, whether_it_runs
from spark.outages import explain
from spark.warehouse import WarehouseLogin

CONNECT_SECONDS = 5
OUTAGE_SECONDS = 30.0
"""A person waits: long enough for a restart of the server."""


def operator_login(settings: WarehouseSettings, command: str) -> WarehouseLogin:
    """What a `command` of the operator takes the lock of the ETL's runs with (spark/ledger.py)."""
    return WarehouseLogin(
        host=settings.postgres_host,
        port=settings.postgres_port,
        database=settings.postgres_db,
        user=settings.postgres_user,
        password=settings.postgres_password,
        outage_seconds=OUTAGE_SECONDS,
        command=command,
    )


@contextmanager
def warehouse_connection(
    settings: PostgresSettings, user: str, password: SecretStr, options: str = ""
) -> Iterator[psycopg.Connection]:
    """Log in to the warehouse of the settings; commits at the end of the block, as psycopg's own connection does.

    `options` are the session's, as in `-c TimeZone=UTC`. Any error of the server, also one within the block, is raised
    as `warehouse_error` says.
    """
    try:
        with psycopg.connect(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_db,
            user=user,
            password=password.get_secret_value(),
            connect_timeout=CONNECT_SECONDS,
            options=options,
        ) as connection:
            yield connection
    except psycopg.Error as error:
        raise warehouse_error(settings, error, settings.variable_of(password)) from error


def warehouse_error(settings: PostgresSettings, error: psycopg.Error, password_variable: str) -> MillraceError:
    """One line that says whether PostgreSQL is away, refuses the login or the data, or has not been migrated."""
    address = f"PostgreSQL at {settings.postgres_host}:{settings.postgres_port}"
    # All lines: the last one only asks whether the server is running.
    problem = " ".join(str(error).split())[:500] or "no reason given"
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return TerminalError(f"{address} has no warehouse tables ({error.diag.message_primary}): run ./millrace up")
    if "authentication failed" in problem:
        return AccessError(f"{address} refuses user or password; check {password_variable} ({problem})")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return AccessError(f"{address} refuses the user a grant ({problem})")
    explained = explain(error, f"asking {address}")
    if isinstance(explained, UnavailableError):
        look = whether_it_runs(settings.postgres_host, "postgres")
        return UnavailableError(f"{address} does not answer; {look} ({problem})")
    return explained or TerminalError(f"{address}: {problem}")
