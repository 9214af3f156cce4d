"""How long an analyst's session may hold the tables that it reads."""

from typing import Annotated

import psycopg
from psycopg import sql
from pydantic import Field

from config.settings import Settings


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
