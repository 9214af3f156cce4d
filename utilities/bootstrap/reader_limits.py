"""How long an analyst's session may hold the tables that it reads, and what every login may do by default."""

import logging
from typing import Annotated

import psycopg
from psycopg import sql
from pydantic import Field

from config.settings import Settings

logger = logging.getLogger(__name__)

# Whoever may log in may call these by PostgreSQL's default: hold the lock of the runs, which is a number that anybody
# can take, and keep large objects, which no erasure looks into.
_TO_OWNERS_ALONE = """
SELECT oid::regprocedure::text FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
    AND (proname ~ 'advisory' OR proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite'))
"""


class ReaderLimits(Settings):
    """Defaults of the analysts' sessions, which a session may change for itself (`SET statement_timeout = '1h'`)."""

    postgres_bi_statement_timeout_seconds: Annotated[int, Field(ge=0, le=2_000_000)] = 300
    """After which a statement of an analyst is cancelled; 0 is never. Takes effect with the next `./millrace up` or
    `./millrace bootstrap --only postgres`, for sessions that begin then."""
    postgres_bi_idle_in_transaction_timeout_seconds: Annotated[int, Field(ge=0, le=2_000_000)] = 300
    """After which a session of an analyst that left a transaction open, such as a forgotten tab, is ended; 0 is never.
    Takes effect as the other."""

    def parameters(self) -> dict[str, int]:
        """PostgreSQL's parameters, in seconds."""
        return {
            "statement_timeout": self.postgres_bi_statement_timeout_seconds,
            "idle_in_transaction_session_timeout": self.postgres_bi_idle_in_transaction_timeout_seconds,
        }


def limit_reader(connection: psycopg.Connection, login: str, limits: ReaderLimits) -> None:
    """Give the login the limits, in every database of the server; raises psycopg.Error."""
    for parameter, seconds in limits.parameters().items():
        statement = sql.SQL("ALTER ROLE {} SET {} TO {}")
        value = sql.Literal(f"{seconds}s")
        connection.execute(statement.format(sql.Identifier(login), sql.Identifier(parameter), value))


def keep_locks_and_large_objects(connection: psycopg.Connection) -> None:
    """Let none but owner, ETL and stream take advisory locks or make large objects in this database."""
    functions = sql.SQL(", ").join(sql.SQL(name) for (name,) in connection.execute(_TO_OWNERS_ALONE).fetchall())
    try:
        connection.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(functions))
        statement = "GRANT EXECUTE ON FUNCTION {} TO warehouse_owner, warehouse_etl, warehouse_stream"
        connection.execute(sql.SQL(statement).format(functions))
    except psycopg.errors.InsufficientPrivilege:
        # The superuser of a managed server is none in all respects.
        logger.warning("analysts may take the lock of the runs and keep large objects: revoking these is refused")
