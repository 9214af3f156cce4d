"""The warehouse as the query API reads it: a few threads, each statement with its time, never on the event loop.

A statement that nobody waits for any more is not begun, or cancelled: else the next ones would wait for it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Any, Generic, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from serving.problem import Code, Problem
from serving.query.settings import WarehouseReaderSettings

CONNECT_SECONDS = 5
WAITING_FOR_EACH = 4
Answer = TypeVar("Answer")
Parameters = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True)
class Table:
    """Rows, their columns' names and the ids of their types."""

    columns: list[str]
    types: list[int]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Work(Generic[Answer]):
    """What is to be done in one transaction, while somebody waits for it."""

    def __init__(self, work: Callable[[psycopg.Connection], Answer]) -> None:
        self._work = work
        self._connection: psycopg.Connection | None = None
        self._lock = Lock()
        self.is_given_up = False

    def on(self, connection: psycopg.Connection) -> Answer:
        """Do it; raises psycopg.Error, of which QueryCanceled where it is given up."""
        try:
            with self._lock:
                if self.is_given_up:
                    raise psycopg.errors.QueryCanceled
                self._connection = connection
            with connection.transaction():
                return self._work(connection)
        finally:
            # Not while it is being cancelled: that would hit what the connection does next.
            with self._lock:
                self._connection = None

    def give_up(self) -> None:
        """Nobody waits for it."""
        with self._lock:
            self.is_given_up = True
            if self._connection is not None:
                # Where the server does not hear of it, the statement's own time ends it.
                with suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=CONNECT_SECONDS)


def address_of(settings: WarehouseReaderSettings, application: str) -> str:
    """Where the warehouse is, for psycopg: as `serving_query`, each statement with its time."""
    return make_conninfo(
        host=settings.postgres_host,
        port=settings.postgres_port,
        dbname=settings.postgres_db,
        user=settings.postgres_query_user,
        password=settings.postgres_query_password.get_secret_value(),
        connect_timeout=CONNECT_SECONDS,
        options=f"-c statement_timeout={settings.api_statement_seconds}s -c TimeZone=UTC -c jit=off"
        " -c idle_in_transaction_session_timeout=30s -c lock_timeout=5s",
        keepalives_idle=5,
        keepalives_interval=5,
        keepalives_count=2,
        tcp_user_timeout=10_000,
        application_name=application,
    )


class Warehouse:
    """Connections as `serving_query`; every error of the server is a Problem."""

    def __init__(self, settings: WarehouseReaderSettings, threads: int) -> None:
        self._address = address_of(settings, "millrace-query")
        self._executor = ThreadPoolExecutor(threads, "query")
        self._giving_up = ThreadPoolExecutor(1, "given up")
        self._idle: SimpleQueue[psycopg.Connection] = SimpleQueue()
        self._most = threads * (1 + WAITING_FOR_EACH)
        self._under_way = 0

    def close(self) -> None:
        """Take no more, and let go of the connections that are idle."""
        for executor in (self._executor, self._giving_up):
            executor.shutdown(wait=False, cancel_futures=True)
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    async def ask(self, statement: str, values: Parameters = ()) -> Table:
        """The rows of one statement; raises Problem."""
        return await self.do(lambda connection: table_of(connection, statement, values))

    async def rows(self, statement: str, values: Parameters = ()) -> list[dict[str, Any]]:
        """As `ask`, each row by its columns."""
        return (await self.ask(statement, values)).dicts()

    async def do(self, work: Callable[[psycopg.Connection], Answer]) -> Answer:
        """Do it in one transaction of a thread; raises Problem. Cancelled, it ends the statement, too."""
        if self._under_way >= self._most:
            raise Problem(Code.OVERLOADED, "too many questions are under way", (), 1)
        self._under_way += 1
        asked = Work(work)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._in_thread, asked)
        except asyncio.CancelledError:
            with suppress(RuntimeError):  # it is closed
                self._giving_up.submit(asked.give_up)
            raise
        finally:
            self._under_way -= 1

    def _in_thread(self, work: Work[Answer]) -> Answer:
        connection: psycopg.Connection | None = None
        try:
            connection = self._connection()
            return work.on(connection)
        except psycopg.errors.QueryCanceled as error:
            raise Problem(Code.QUERY_TOO_SLOW, "ask for fewer days", (), 5) from error
        except psycopg.OperationalError as error:
            if connection is not None:
                connection.close()
            raise Problem(Code.STORE_UNAVAILABLE, "the warehouse does not answer", (), 2) from error
        finally:
            if connection is not None and work.is_given_up:
                # A cancellation that comes late would end the next statement.
                connection.close()
            elif connection is not None and not connection.closed:
                self._idle.put(connection)

    def _connection(self) -> psycopg.Connection:
        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                return psycopg.connect(self._address, autocommit=True)
            if not connection.closed:
                return connection


def table_of(connection: psycopg.Connection, statement: str, values: Parameters = ()) -> Table:
    """The rows of one statement; raises psycopg.Error."""
    cursor = connection.execute(statement.encode(), values or None)
    described = cursor.description or ()
    return Table([each.name for each in described], [each.type_code for each in described], cursor.fetchall())
