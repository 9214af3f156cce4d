"""A forgotten reader stalls neither the load nor other readers, and is ended in the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial

import psycopg
import pytest

from spark.ledger import Ledger
from spark.load import make_partitions
from spark.scope import Scope
from tests.empty_database import Database
from tests.staged_view import publish_staged_view
from utilities.bootstrap.reader_limits import ReaderLimits
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

JANUARY = date(2026, 1, 1)
STAGED_DAY = "INSERT INTO staging.event (event_id, date_key) VALUES (md5('another')::uuid, 20260301)"
MONTHS = "SELECT count(*) FROM pg_class WHERE relname ~ '^fact_(event|product_view_event)_2026_' AND relkind = 'r'"
READ = (
    "SELECT count(*) FROM fact_event",
    "SELECT count(*) FROM fact_product_view_event JOIN dim_product USING (product_key)",
)


@contextmanager
def forgotten_tab(warehouse: Database) -> Iterator[psycopg.Connection]:
    """A transaction of an analyst that has read every fact and was not ended."""
    with warehouse.connect("bi_reader") as reader:
        reader.execute("BEGIN")
        read(reader)
        yield reader


def read(reader: psycopg.Connection) -> None:
    for statement in READ:
        reader.execute(statement.encode())


def count(warehouse: Database, statement: str) -> int:
    with warehouse.connect() as connection:
        return int(connection.execute(statement.encode()).fetchall()[0][0])


def publish_one(warehouse: Database) -> None:
    """A run with the one view of January."""
    with Ledger(warehouse.login) as ledger:
        ledger.transaction(partial(publish_staged_view, run_id=ledger.start_run(Scope())))


def test_a_forgotten_tab_stalls_neither_the_load_nor_other_readers(warehouse: Database) -> None:
    with forgotten_tab(warehouse), warehouse.connect("bi_reader") as other:
        other.execute("SET statement_timeout = '5s'")
        publish_one(warehouse)
        read(other)
        assert count(warehouse, MONTHS) == 4
        with Ledger(warehouse.login) as ledger:
            ledger.transaction(lambda connection: connection.execute(STAGED_DAY))
            ledger.transaction(make_partitions)
        read(other)
        assert count(warehouse, MONTHS) == 8


def test_a_month_is_dropped_between_readers(warehouse: Database) -> None:
    publish_one(warehouse)
    rows = {**dict.fromkeys(FACTS, 0), "fact_event": 1, "fact_product_view_event": 1}
    with Ledger(warehouse.login) as ledger, forgotten_tab(warehouse) as tab, warehouse.connect("bi_reader") as other:
        retention = threading.Thread(target=drop_month, args=(ledger, JANUARY, rows, [], "UTC"))
        retention.start()
        other.execute("SET statement_timeout = '5s'")
        # Whoever comes while it waits is held up for two seconds at most.
        for _ in range(3):
            read(other)
        assert retention.is_alive()
        tab.execute("COMMIT")
        retention.join(60)
        assert not retention.is_alive()
    assert count(warehouse, "SELECT count(*) FROM fact_event") == 0
    assert count(warehouse, "SELECT rows FROM etl.removed") == 1


def test_an_analysts_session_has_the_limits_of_the_settings(warehouse: Database) -> None:
    wanted = {name: seconds * 1000 for name, seconds in ReaderLimits().parameters().items()}
    with warehouse.connect("bi_reader") as reader:
        found = reader.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[*wanted]]).fetchall()
    assert {name: int(setting) for name, setting in found} == wanted
    assert all(wanted.values())


def test_the_next_run_may_begin_before_the_server_has_noticed_the_end_of_the_last(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[psycopg.Connection] = []
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "close", lambda connection: ended.append(connection))
        for _ in range(2):
            with Ledger(warehouse.login) as ledger:
                ledger.watermarks()
    for connection in ended:
        connection.close()
