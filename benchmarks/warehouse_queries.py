"""An analyst's queries (reports, marts, functions of a range), timed as `bi_reader` from the call to the last row."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from benchmarks.workspace import Workspace
from config.settings import PROJECT_ROOT

REPORT_FOLDER = PROJECT_ROOT / "sql" / "report"
# A slow query is asked less often than a fast one, but never so seldom that its 95th percentile has no meaning.
FEWEST_RUNS = 5
SECONDS_PER_QUERY = 30.0
# Some views have a row for each product view, which nobody asks for at once.
MOST_ROWS = 100_000
VIEWS = """
SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('mart') AND relkind IN ('v', 'm') ORDER BY relname
"""
FUNCTIONS = """
SELECT proname FROM pg_proc
WHERE pronamespace = to_regnamespace('mart')
  AND pg_get_function_identity_arguments(oid) = 'first_day date, last_day date'
ORDER BY proname
"""
LOADED_DAYS = "SELECT min(date_key)::text, max(date_key)::text FROM fact_product_views"


@dataclass(frozen=True)
class Answered:
    """One query: its rows, and the milliseconds of each measured run."""

    name: str
    rows: int
    milliseconds: Sequence[float]


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that at least `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def ask(warehouse: Workspace, runs: int) -> list[Answered]:
    """Every query up to `runs` times, after one run that is not measured."""
    with connect(warehouse) as connection:
        return [_ask(connection, name, statement, runs) for name, statement in queries(connection).items()]


def queries(connection: psycopg.Connection) -> dict[str, str]:
    """By name, the statements of `sql/report`, the rows of each mart, and each function over all loaded days."""
    reports = {f"report/{path.stem}": path.read_text() for path in sorted(REPORT_FOLDER.glob("*.sql"))}
    marts = {f"mart.{name}": f"SELECT * FROM mart.{name} LIMIT {MOST_ROWS}" for (name,) in connection.execute(VIEWS)}
    first, last = connection.execute(LOADED_DAYS).fetchone() or (None, None)
    days = f"to_date('{first}', 'YYYYMMDD'), to_date('{last}', 'YYYYMMDD')"
    functions = {
        f"mart.{name}(days)": f"SELECT * FROM mart.{name}({days})" for (name,) in connection.execute(FUNCTIONS)
    }
    return {**reports, **marts, **functions}


def _ask(connection: psycopg.Connection, name: str, statement: str, runs: int) -> Answered:
    rows, measured = 0, [0.0]
    # The first value is that of the run that fills the caches.
    while len(measured) <= min(runs, FEWEST_RUNS) or (
        len(measured) <= runs and sum(measured) < SECONDS_PER_QUERY * 1000
    ):
        started = time.monotonic()
        rows = connection.execute(statement.encode()).rowcount
        measured.append((time.monotonic() - started) * 1000)
    return Answered(name, rows, measured[1:])


def connect(warehouse: Workspace) -> psycopg.Connection:
    """The warehouse as an analyst reaches it."""
    return psycopg.connect(
        host="127.0.0.1",
        port=warehouse.bench.servers.settings.postgres_port,
        dbname=warehouse.database,
        user="bi_reader",
        password=warehouse.bench.servers.secrets.reveal("postgres_bi_password"),
        autocommit=True,
    )
