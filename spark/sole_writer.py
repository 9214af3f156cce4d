"""A connection that alone may write something: it holds an advisory lock, and a fence tells whether it ever lost it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import ClassVar, Self, TypeVar

import psycopg

from config.errors import MillraceError, TerminalError
from spark.outages import explain, while_away
from spark.warehouse import WarehouseLogin

Result = TypeVar("Result")

# A lock of one bigint is two halves there, and objsubid 1 (PostgreSQL's manual, pg_locks).
LOCK_HOLDER = """
SELECT activity.application_name
FROM pg_locks AS lock
JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND lock.classid::bigint << 32 | lock.objid::bigint = %s
"""


class SoleWriter(ABC):
    """Holds `lock` from `__enter__` to `__exit__`, over outages of the server.

    The lock ends with its connection, so another may have had it before it is taken again: each that `changes`
    something counts by `take`, and who finds another number by `last_taken` than its own is over.

    Raises what `_held` raises where another holds the lock, AccessError and UnavailableError as `explain` says.
    """

    lock: ClassVar[int]
    take: ClassVar[str]
    last_taken: ClassVar[str]

    def __init__(self, login: WarehouseLogin, changes: bool = True) -> None:
        self._login = login
        self._changes = changes
        self._number: int | None = None
        self._connection: psycopg.Connection | None = None

    def __enter__(self) -> Self:
        try:
            self._connection = self._first_connection()
        except psycopg.Error as error:
            raise self._explain(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is None:
            return
        if kind is None:
            # A busy server is late to notice that a connection was closed; the next run may begin at once. After an
            # error nothing is asked: the server may have fallen silent, and no answer would be waited for.
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [self.lock])
        self._connection.close()

    def transaction(self, work: Callable[[psycopg.Connection], Result], patience_seconds: float = 0) -> Result:
        """Run `work` in one transaction, again after an outage: it must find out itself what was done before.

        So too where it did not get a lock in time. An outage is waited for as the login says, or for
        `patience_seconds` where that is longer.
        """
        patience = max(patience_seconds, self._login.outage_seconds)
        try:
            result: Result = while_away(patience, self._doing)(self._attempt, work)
            return result
        except psycopg.Error as error:
            raise self._explain(error) from error

    @abstractmethod
    def _held(self, connection: psycopg.Connection, holder: str) -> None:
        """Another session, which calls itself `holder`, has the lock: raise UnderWayError, or wait for the lock."""

    @abstractmethod
    def _taken_by_another(self, connection: psycopg.Connection) -> MillraceError:
        """What to raise where another has had the lock since."""

    @abstractmethod
    def _taken_first(self, connection: psycopg.Connection) -> None:
        """In the transaction that counts the first time."""

    def _attempt(self, work: Callable[[psycopg.Connection], Result]) -> Result:
        if self._connection is None or self._connection.closed:
            self._connection = self._connection_after_outage()
        with self._connection.transaction():
            return work(self._connection)

    def _first_connection(self) -> psycopg.Connection:
        with self._connecting() as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [self.lock]).fetchone()
            if row is None or not row[0]:
                found = connection.execute(LOCK_HOLDER, [self.lock]).fetchone()
                self._held(connection, str(found[0] if found else ""))
        return connection

    def _connection_after_outage(self) -> psycopg.Connection:
        """The lock is free, or soon will be: the server may take a while to see that the old connection is gone."""
        with self._connecting() as connection:
            connection.execute("SET lock_timeout = '10s'")
            connection.execute("SELECT pg_advisory_lock(%s)", [self.lock])
            connection.execute("RESET lock_timeout")
        return connection

    @contextmanager
    def _connecting(self) -> Iterator[psycopg.Connection]:
        """A connection that takes the lock in the block; where that or the fence fails, it is closed."""
        connection = self._login.connect(autocommit=True)
        try:
            yield connection
            self._fence(connection)
        except BaseException:
            connection.close()
            raise

    def _fence(self, connection: psycopg.Connection) -> None:
        """Count the first time; then refuse to go on where another has counted since."""
        if not self._changes:
            return
        if self._number is None:
            with connection.transaction():
                self._taken_first(connection)
                self._number = _number(connection, self.take)
        elif _number(connection, self.last_taken) != self._number:
            raise self._taken_by_another(connection)

    @property
    def _doing(self) -> str:
        return f"writing the warehouse of {self._login.address}"

    def _explain(self, error: psycopg.Error) -> MillraceError:
        return explain(error, self._doing) or TerminalError(str(error))


def _number(connection: psycopg.Connection, statement: str) -> int:
    (number,) = connection.execute(statement.encode()).fetchall()[0]
    return int(number)
