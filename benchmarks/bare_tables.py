"""Rows of the ETL kept aside, and tables without index or constraint to write them to."""

import time
from pathlib import Path

from psycopg import Connection, sql

from benchmarks.workspace import Workspace

# What a run over product views fills, but for the sketches of visitors, whose type only PostgreSQL knows.
STAR = (
    "dim_product",
    "dim_store",
    "dim_referrer",
    "dim_device",
    "dim_user_agent",
    "dim_campaign",
    "dim_option",
    "dim_option_group",
    "bridge_option_group",
    "fact_event",
    "fact_product_view_event",
    "fact_product_views",
    "fact_daily_product_views",
    "fact_session",
)
STAGED = ("event", "product", "store", "referrer", "device", "user_agent", "campaign", "option_group")
COPY_BYTES = 1 << 20

# The load ends by emptying staging, so what it held is copied by a trigger before that.
KEEP = """
CREATE FUNCTION kept.keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE format('INSERT INTO kept.%I SELECT * FROM staging.%I', TG_TABLE_NAME, TG_TABLE_NAME);
    RETURN NULL;
END
$$
"""


def make_bare_tables(warehouse: Workspace) -> None:
    """`bare.<table>` for the star and `bare_staging.<table>` (unlogged) for staging: columns and nothing else."""
    with warehouse.warehouse() as connection:
        connection.execute("CREATE SCHEMA bare")
        connection.execute("CREATE SCHEMA bare_staging")
        for table in STAR:
            _like(connection, "CREATE TABLE {} (LIKE {})", ("bare", table), ("public", table))
        for table in STAGED:
            _like(connection, "CREATE UNLOGGED TABLE {} (LIKE {})", ("bare_staging", table), ("staging", table))


def keep_staged_rows(warehouse: Workspace) -> None:
    """Have the next run leave a copy of what it stages in `kept.<table>`."""
    with warehouse.warehouse() as connection:
        connection.execute("CREATE SCHEMA kept")
        connection.execute(KEEP)
        for table in STAGED:
            _like(connection, "CREATE UNLOGGED TABLE {} (LIKE {})", ("kept", table), ("staging", table))
            trigger = "CREATE TRIGGER keep BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION kept.keep()"
            connection.execute(sql.SQL(trigger).format(sql.Identifier("staging", table)))


def _like(connection: Connection, statement: str, new: tuple[str, str], existing: tuple[str, str]) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(*new), sql.Identifier(*existing)))


def save_staged_rows(warehouse: Workspace, directory: Path) -> dict[str, Path]:
    """Files in COPY's text format, by table."""
    files = {}
    with warehouse.warehouse() as connection, connection.cursor() as cursor:
        for table in STAGED:
            files[table] = directory / f"{table}.copy"
            statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier("kept", table))
            with files[table].open("wb") as stream, cursor.copy(statement) as copy:
                for chunk in copy:
                    stream.write(chunk)
    return files


def copy_rows(warehouse: Workspace, files: dict[str, Path]) -> float:
    """Seconds that COPY takes for all files, one after the other, into empty bare tables."""
    with warehouse.warehouse() as connection, connection.cursor() as cursor:
        for table in files:
            cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier("bare_staging", table)))
        started = time.monotonic()
        for table, path in files.items():
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier("bare_staging", table))
            with path.open("rb") as stream, cursor.copy(statement) as copy:
                while chunk := stream.read(COPY_BYTES):
                    copy.write(chunk)
        return time.monotonic() - started
