"""What the warehouse says of itself: its ledger, its facts and its watermarks, in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from pydantic import SecretStr

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from config.settings import PostgresSettings

TopicPartition = tuple[str, int]

LEDGER = """
SELECT bus_topic, bus_partition, sum(landed)::bigint, sum(other_kinds)::bigint, sum(loaded)::bigint,
       sum(duplicates)::bigint, sum(rejected)::bigint
FROM etl.run_range GROUP BY bus_topic, bus_partition
"""
WATERMARKS = "SELECT bus_topic, bus_partition, next_offset FROM etl.watermark"
FACT_ROWS = "SELECT bus_topic, bus_partition, count(*) FROM fact_product_view_event GROUP BY bus_topic, bus_partition"
REJECTED_ROWS = "SELECT bus_topic, bus_partition, count(*) FROM etl.rejected_event GROUP BY bus_topic, bus_partition"
VIEWS = "SELECT coalesce(sum(view_count), 0)::bigint FROM fact_product_views"


class WarehouseSettings(PostgresSettings):
    """The ETL's login: it may read the ledger, which analysts do not see."""

    postgres_user: str = "warehouse_etl"
    postgres_password: SecretStr


@dataclass(frozen=True)
class Ledger:
    """What the runs say became of one partition's landed events."""

    landed: int
    other_kinds: int
    loaded: int
    duplicates: int
    rejected: int


@dataclass(frozen=True)
class WarehouseFigures:
    """One consistent snapshot; `view_count` is summed over the daily fact."""

    watermarks: Mapping[TopicPartition, int]
    ledger: Mapping[TopicPartition, Ledger]
    fact_rows: Mapping[TopicPartition, int]
    rejected_rows: Mapping[TopicPartition, int]
    view_count: int


def read_warehouse(settings: WarehouseSettings) -> WarehouseFigures:
    """Read every figure in one transaction; raises AccessError, UnavailableError, or TerminalError without tables."""
    try:
        with psycopg.connect(
            host=settings.postgres_host,
            port=settings.postgres_port,
            dbname=settings.postgres_db,
            user=settings.postgres_user,
            password=settings.postgres_password.get_secret_value(),
            connect_timeout=5,
        ) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            return WarehouseFigures(
                watermarks=_by_partition(connection, WATERMARKS),
                ledger={(row[0], row[1]): Ledger(*row[2:]) for row in connection.execute(LEDGER)},
                fact_rows=_by_partition(connection, FACT_ROWS),
                rejected_rows=_by_partition(connection, REJECTED_ROWS),
                view_count=connection.execute(VIEWS).fetchall()[0][0],
            )
    except psycopg.Error as error:
        raise warehouse_error(settings, error) from error


def warehouse_error(settings: PostgresSettings, error: psycopg.Error) -> MillraceError:
    """One line that says whether PostgreSQL is away, refuses the login, or has not been migrated."""
    address = f"PostgreSQL at {settings.postgres_host}:{settings.postgres_port}"
    problem = (str(error).strip().splitlines() or ["no reason given"])[-1]
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return TerminalError(f"{address} has no warehouse tables ({error.diag.message_primary}): run make up")
    if "authentication failed" in problem or isinstance(error, psycopg.errors.InsufficientPrivilege):
        return AccessError(f"{address}: {problem}")
    return UnavailableError(f"{address}: {problem}")


def _by_partition(connection: psycopg.Connection, statement: str) -> dict[TopicPartition, int]:
    return {(topic, partition): value for topic, partition, value in connection.execute(statement.encode())}
