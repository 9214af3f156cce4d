"""The driver's side of the ledger: one run at a time, watermarks, and the runs that did not end well."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self, TypeVar

import psycopg

from config.errors import MillraceError, TerminalError, UnderWayError
from spark.outages import explain, while_away
from spark.ranges import OffsetRange, Portion, TopicPartition
from spark.scope import Scope
from spark.warehouse import APPLICATION, ETL, WarehouseLogin

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

COUNTS = ("landed", "other_kinds", "events", "loaded", "duplicates", "rejected")
# Any constant will do; this one spells MILLRACE.
RUN_LOCK = int.from_bytes(b"MILLRACE")
STAGING_TABLES = (
    "event",
    "order_line",
    "option_group",
    "product",
    "store",
    "referrer",
    "device",
    "user_agent",
    "campaign",
    "rejected_event",
    "refused_line",
    "resolved_event",
    "removed_event",
    "removed_rejection",
    "touched_order",
    "touched_visitor",
    "touch_before",
    "session_event",
    "renamed_view",
    "touched_product",
    "loaded_partition",
)
EMPTY_STAGING = f"TRUNCATE {', '.join(f'staging.{table}' for table in STAGING_TABLES)}"
# Waits for the last copies of a run that was killed, whose transactions hold its row.
ABANDON_RUNS = "UPDATE etl.run SET status = 'crashed' WHERE status = 'running' RETURNING run_id"
RUN_STATUS = "SELECT status FROM etl.run WHERE run_id = %s"
# A lock of one bigint is two halves there, and objsubid 1 (PostgreSQL's manual, pg_locks).
LOCK_HOLDER = """
SELECT activity.application_name
FROM pg_locks AS lock
JOIN pg_stat_activity AS activity USING (pid)
WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND lock.classid::bigint << 32 | lock.objid::bigint = %s
"""
TAKE_LOCK = "UPDATE etl.run_lock SET taken = taken + 1 RETURNING taken"
LAST_TAKEN = "SELECT taken FROM etl.run_lock"
START_RUN = "INSERT INTO etl.run (mode, from_date, to_date) VALUES (%s, %s, %s) RETURNING run_id"
TOPIC_IDS = "SELECT DISTINCT bus_topic, topic_id FROM etl.watermark WHERE topic_id <> ''"
LOADED_RANGES = """
SELECT run_id, bus_topic, bus_partition, from_offset, to_offset
FROM etl.run_range JOIN etl.run USING (run_id)
WHERE mode = 'incremental'
ORDER BY run_id, bus_topic, bus_partition
"""
REJECTED_POSITIONS = """
SELECT part.run_id, rejected.bus_topic, rejected.bus_partition, array_agg(rejected.bus_offset ORDER BY bus_offset)
FROM etl.rejected_event AS rejected
JOIN etl.run_range AS part USING (bus_topic, bus_partition)
JOIN etl.run AS run ON run.run_id = part.run_id AND run.mode = 'incremental'
WHERE rejected.bus_offset >= part.from_offset AND rejected.bus_offset < part.to_offset
  AND rejected.rule = coalesce(%s, rejected.rule)
  AND NOT EXISTS (
      SELECT FROM etl.removed AS gone
      WHERE gone.what = 'raw events'
        AND (gone.bus_topic, gone.bus_partition) = (rejected.bus_topic, rejected.bus_partition)
        AND rejected.bus_offset < gone.until_offset
  )
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""
# Whoever asks for a table while another waits to have it alone, waits as well: rather try again after a pause. Longer
# than deadlock_timeout (1 s), after which an autovacuum gives way.
BRIEF_LOCKS = "SET LOCAL lock_timeout = '2s'"
FAIL_RUN = """
UPDATE etl.run SET status = 'failed', finished_at = clock_timestamp(), error = %s
WHERE run_id = %s AND status = 'running'
"""


class Ledger:
    """A connection that holds the lock of the run from `__enter__` to `__exit__`, over outages of the server.

    The lock ends with its connection, so another command may have had it before it is taken again: each that `changes`
    something counts in etl.run_lock and abandons the run under way. Who then finds another number than its own is over,
    for it may hold what an erasure or a retention has taken away.

    Raises UnderWayError where another run holds the lock, AccessError and UnavailableError as `explain` says.
    """

    def __init__(self, login: WarehouseLogin, wait: bool = False, changes: bool = True) -> None:
        self._login = login
        self._wait = wait
        self._changes = changes
        self._number: int | None = None
        self._run_id: int | None = None
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
                self._connection.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])
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

    def watermarks(self) -> dict[TopicPartition, int]:
        """The first offset of each partition that no run has loaded."""
        query = "SELECT bus_topic, bus_partition, next_offset FROM etl.watermark"
        rows = self.transaction(lambda connection: connection.execute(query).fetchall())
        return {TopicPartition(topic, partition): next_offset for topic, partition, next_offset in rows}

    def refuse_other_topics(self, landed_ids: Mapping[str, str]) -> None:
        """Raise TerminalError where a landed topic is another than the one of that name that was loaded before."""
        rows = self.transaction(lambda connection: connection.execute(TOPIC_IDS).fetchall())
        for topic, loaded_id in rows:
            if landed_ids.get(topic, loaded_id) != loaded_id:
                raise TerminalError(
                    f"topic {topic} was made anew since its events were loaded: its positions repeat those of other"
                    " events; nothing was loaded; land it as another topic: ./millrace new-generation says how"
                )

    def loaded_ranges(self) -> list[tuple[int, OffsetRange]]:
        """Every range that an incremental run has loaded, with that run: the order in which events arrived."""
        rows = self.transaction(lambda connection: connection.execute(LOADED_RANGES).fetchall())
        return [(run_id, OffsetRange(*place)) for run_id, *place in rows]

    def rejected_positions(self, rule: str | None) -> list[Portion]:
        """The positions of rejected events, of one rule or all, but for those that retention has removed."""
        rows = self.transaction(lambda connection: connection.execute(REJECTED_POSITIONS, [rule]).fetchall())
        return [Portion(topic, partition, run_id, offsets) for run_id, topic, partition, offsets in rows]

    def start_run(self, scope: Scope) -> int:
        """Open a run with empty staging tables."""

        def start(connection: psycopg.Connection) -> int:
            connection.execute(EMPTY_STAGING)
            row = connection.execute(START_RUN, [scope.mode, scope.from_date, scope.to_date]).fetchone()
            return int(row[0]) if row else 0

        self._run_id = None
        self._run_id = self.transaction(start)
        return self._run_id

    def empty_staging(self) -> None:
        """Make room for staging a run again."""
        self.transaction(lambda connection: connection.execute(EMPTY_STAGING))

    def counts(self, run_id: int) -> dict[str, int]:
        """What became of a finished run's events."""
        query = f"SELECT {', '.join(COUNTS)} FROM etl.run WHERE run_id = %s"
        row = self.transaction(lambda connection: connection.execute(query.encode(), [run_id]).fetchone())
        return dict(zip(COUNTS, row or (), strict=True))

    def fail_run(self, run_id: int, reason: str) -> None:
        """Say in the ledger why a run ended without loading anything."""
        try:
            with self._login.connect() as connection:
                connection.execute(FAIL_RUN, [reason[:1000], run_id])
        except psycopg.Error as error:
            logger.warning("the ledger could not be told run=%d error=%s", run_id, self._explain(error))

    def _attempt(self, work: Callable[[psycopg.Connection], Result]) -> Result:
        if self._connection is None or self._connection.closed:
            self._connection = self._connection_after_outage()
        with self._connection.transaction():
            return work(self._connection)

    def _first_connection(self) -> psycopg.Connection:
        with self._connecting() as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [RUN_LOCK]).fetchone()
            if row is None or not row[0]:
                self._wait_for_lock(connection)
        return connection

    def _wait_for_lock(self, connection: psycopg.Connection) -> None:
        found = connection.execute(LOCK_HOLDER, [RUN_LOCK]).fetchone()
        _, is_ours, command = str(found[0] if found else "").rpartition(APPLICATION)
        holder = f"./millrace {command}" if is_ours and command != ETL else "another run of the ETL"
        if not self._wait:
            raise UnderWayError(
                f"{holder} is under way on {self._login.address}; try again later, or with --wait (etl, catalog)"
            )
        logger.info("%s is under way; waiting for its end", holder)
        connection.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])

    def _connection_after_outage(self) -> psycopg.Connection:
        """The lock is free, or soon will be: the server may take a while to see that the old connection is gone."""
        with self._connecting() as connection:
            connection.execute("SET lock_timeout = '10s'")
            connection.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])
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
                _abandon_runs(connection)
                self._number = _number(connection, TAKE_LOCK)
        elif _number(connection, LAST_TAKEN) != self._number:
            status = connection.execute(RUN_STATUS, [self._run_id]).fetchone()
            if self._run_id is not None and status == ("crashed",):
                raise run_over(self._run_id)
            raise TerminalError(
                f"{self._login.address} was away, and another command has had the lock of the runs since: nothing more"
                " was done; start this one again"
            )

    @property
    def _doing(self) -> str:
        return f"writing the warehouse of {self._login.address}"

    def _explain(self, error: psycopg.Error) -> MillraceError:
        return explain(error, self._doing) or TerminalError(str(error))


def run_over(run_id: int) -> TerminalError:
    """What a run says that lost its lock and was abandoned; of a type that a task may raise (spark/task_errors.py)."""
    return TerminalError(
        f"run {run_id} is over: it lost its lock, and a later run, an erasure or a retention has abandoned it;"
        " nothing of it was published, and the next run reads its offsets again"
    )


def _abandon_runs(connection: psycopg.Connection) -> None:
    """Whoever holds the lock is alone: a run that is not over was killed, or has lost it."""
    abandoned = connection.execute(ABANDON_RUNS).fetchall()
    for (run_id,) in abandoned:
        logger.warning("an earlier run was killed or lost its lock; its offsets are read again run=%d", run_id)
    if abandoned:
        connection.execute(EMPTY_STAGING)


def _number(connection: psycopg.Connection, statement: str) -> int:
    (number,) = connection.execute(statement.encode()).fetchall()[0]
    return int(number)
