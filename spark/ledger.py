"""The driver's side of the ledger: one run at a time, watermarks, and the runs that did not end well."""

import logging
from collections.abc import Mapping

import psycopg

from config.errors import MillraceError, TerminalError, UnderWayError
from spark.ranges import OffsetRange, Portion, TopicPartition
from spark.scope import Scope
from spark.sole_writer import SoleWriter
from spark.warehouse import APPLICATION, ETL, WarehouseLogin

logger = logging.getLogger(__name__)

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


class Ledger(SoleWriter):
    """The one connection that writes the warehouse: it holds the lock of the runs, over outages of the server.

    Another command may have had the lock before it is taken again: each that `changes` something counts in etl.run_lock
    and abandons the run under way. Who then finds another number than its own is over, for it may hold what an erasure
    or a retention has taken away.
    """

    lock = RUN_LOCK
    take = TAKE_LOCK
    last_taken = LAST_TAKEN

    def __init__(self, login: WarehouseLogin, wait: bool = False, changes: bool = True) -> None:
        super().__init__(login, changes)
        self._wait = wait
        self._run_id: int | None = None

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

    def _held(self, connection: psycopg.Connection, holder: str) -> None:
        _, is_ours, command = holder.rpartition(APPLICATION)
        name = f"./millrace {command}" if is_ours and command != ETL else "another run of the ETL"
        if not self._wait:
            raise UnderWayError(
                f"{name} is under way on {self._login.address}; try again later, or with --wait (etl, catalog)"
            )
        logger.info("%s is under way; waiting for its end", name)
        connection.execute("SELECT pg_advisory_lock(%s)", [RUN_LOCK])

    def _taken_first(self, connection: psycopg.Connection) -> None:
        _abandon_runs(connection)

    def _taken_by_another(self, connection: psycopg.Connection) -> MillraceError:
        status = connection.execute(RUN_STATUS, [self._run_id]).fetchone()
        if self._run_id is not None and status == ("crashed",):
            return run_over(self._run_id)
        return TerminalError(
            f"{self._login.address} was away, and another command has had the lock of the runs since: nothing more"
            " was done; start this one again"
        )


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
