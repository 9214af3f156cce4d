"""The one transaction of a run: `sql/reload/` and `sql/load/` in the order of their names, ledger and watermark."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from migrations.facts import statements
from spark.definitions import stored_time_zone
from spark.foreign_keys import ForeignKeys
from spark.ledger import BRIEF_LOCKS, EMPTY_STAGING, run_over
from spark.product_pages import ProductDescription, read_pages_anew
from spark.quality import Check, check_batch
from spark.ranges import Portion, TopicPartition
from spark.scope import FULL_REFRESH, INCREMENTAL, Scope

logger = logging.getLogger(__name__)

RELOAD_FOLDER = PROJECT_ROOT / "sql" / "reload"
STAGE_FOLDER = PROJECT_ROOT / "sql" / "stage"
LOAD_FOLDER = PROJECT_ROOT / "sql" / "load"
# The load is one statement at a time in one session; a hash of a million keys must not spill.
SESSION = "SET LOCAL work_mem = '256MB'"
# Here PostgreSQL expects next to no rows (of a day that its statistics do not know yet, of devices that are new), and
# would compare each of many thousands with each of as many others. The other statements start from staging, whose
# statistics are fresh, and may look up by index what they add to: a join by hash reads all of history.
JOINED_BY_HASH = ("040_dim_device_new", "070_fact_product_views")
NO_LOOPS = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off"
LOOPS = "SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on"
ANALYZED_AFTER = {
    "010_removed_event": "removed_event",
    "012_removed_event": "removed_event",
    "012_touched_product": "touched_product",
    "030_removed_rejection": "removed_rejection",
    "044_touched_visitor": "touched_visitor",
    "045_session_event": "session_event",
    "047_renamed_view": "renamed_view",
    "065_touched_order": "touched_order",
    "076_touch_before": "touch_before",
}
"""Staging tables that later statements join, by the statement of a load, a reload or an erasure that fills them."""
KEPT_STATISTICS = {"event", "order_line", "rejected_event"}
"""Staging tables that `stage_members` analyzed; what has changed since is a few rows less."""
SESSION_SILENCE = timedelta(minutes=30)
"""Longer without an event of its visitor, a session has ended (sql/load/044 and 045)."""
CAMPAIGN_LOOKBACK = timedelta(days=30)
"""For how long a touch that was not direct is what leads to later sessions (sql/load/078)."""
# An attempt whose commit was not acknowledged is found; a crash empties it together with what was told.
CLAIM_MEMBERS = """
INSERT INTO staging.loaded_partition (run_id, table_name, partition_id, rows) VALUES (%s, 'members', 0, 0)
ON CONFLICT DO NOTHING
"""
RUN_STATUS = "SELECT status, loaded FROM etl.run WHERE run_id = %s FOR UPDATE"
# The months of the run and the one after: the next day's run finds its partition made.
ENSURE_MONTHS = """
SELECT etl.ensure_month_partition(month::date)
FROM (
    SELECT date_trunc('month', to_date(date_key::text, 'YYYYMMDD')) AS month FROM staging.event
    UNION
    SELECT date_trunc('month', to_date(max(date_key)::text, 'YYYYMMDD')) + interval '1 month'
    FROM staging.event HAVING max(date_key) IS NOT NULL
) AS months
ORDER BY month
"""
TOUCHED_DAYS = "SELECT array_agg(DISTINCT date_key) FROM staging.resolved_event"
LEDGER_RANGES = """
SELECT bus_topic, bus_partition, sum(landed)::bigint, sum(other_kinds)::bigint, sum(events)::bigint
FROM etl.run_range GROUP BY 1, 2
"""
LEDGER_KINDS = "SELECT bus_topic, bus_partition, kind, sum(events)::bigint FROM etl.run_kind GROUP BY 1, 2, 3"


class StagingLostError(Exception):
    """Unlogged tables are empty after the server crashed: what Spark copied has to be copied again."""


@dataclass
class PartitionCounts:
    """What Spark read of one partition."""

    bus_topic: str
    bus_partition: int
    from_offset: int
    to_offset: int
    landed: int = 0
    other_kinds: int = 0
    events: int = 0


@dataclass
class RunFigures:
    """What a run counted on its way to the transaction; `kinds` by topic, partition and kind.

    `topic_ids` are those of the landed topics, by name, as far as the landing was told them; `judged` are the rejected
    events that were read again, where the run reads these.
    """

    partitions: dict[TopicPartition, PartitionCounts]
    kinds: dict[tuple[str, int, str], int] = field(default_factory=dict)
    staged: dict[str, int] = field(default_factory=dict)
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    judged: Sequence[Portion] = ()


def stage_members(connection: psycopg.Connection, run_id: int, staged: dict[str, int]) -> dict[str, int]:
    """`tell_members` of what is `staged`, once; the rows that the tables hold then. Within the caller's transaction.

    Raises StagingLostError where they do not hold what was staged.
    """
    if connection.execute(CLAIM_MEMBERS, [run_id]).rowcount:
        check_staging(connection, staged)
        analyze(connection, *staged)
        tell_members(connection)
    return count_staged(connection, *staged, "device", "campaign", "option_group", "product")


def tell_members(connection: psycopg.Connection) -> None:
    """Take repeated events out of staging, and stage the members that need no description in Python."""
    connection.execute(SESSION)
    for file in sorted(STAGE_FOLDER.glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8").encode())


def make_partitions(connection: psycopg.Connection) -> None:
    """Have the month partitions of the staged views made, and the next month's; within the caller's transaction.

    Readers do not stand in the way; other changes of a fact's shape, and its ANALYZE by hand, do.
    """
    connection.execute(BRIEF_LOCKS)
    connection.execute(ENSURE_MONTHS)


def publish(
    connection: psycopg.Connection,
    run_id: int,
    scope: Scope,
    figures: RunFigures,
    checks: Sequence[Check],
    description: ProductDescription,
) -> None:
    """Load what is staged, within the caller's transaction; does nothing where an earlier attempt had committed.

    Raises StagingLostError where staging does not hold what Spark copied, QualityError where the batch breaks an error
    rule, and TerminalError where a key has no member or the run is no longer the one under way.
    """
    status = connection.execute(RUN_STATUS, [run_id]).fetchone()
    if status is not None and status[0] == "finished":
        return
    if status is None or status[0] != "running":
        raise run_over(run_id)
    check_staging(connection, figures.staged)
    rows, days = load_staged(connection, run_id, scope, figures, description)
    if scope.mode == INCREMENTAL and rows["092_watermark"] != len(figures.partitions):
        raise TerminalError("a watermark is not where this run began; nothing was kept")
    check_batch(connection, run_id, days, checks)
    connection.execute(EMPTY_STAGING)


def load_staged(
    connection: psycopg.Connection,
    run_id: int,
    scope: Scope,
    figures: RunFigures,
    description: ProductDescription,
) -> tuple[dict[str, int], list[int]]:
    """Run the statements of the load, within the caller's transaction: rows by statement, and the days they touched."""
    connection.execute(SESSION)
    keys = ForeignKeys.lock(connection)
    analyze(connection, *(figures.staged.keys() - KEPT_STATISTICS))
    values = _values(connection, run_id, scope, figures) | description.values()
    if scope.loads_again:
        _take_out(connection, keys, values)
    rows: dict[str, int] = {}
    for file in sorted(LOAD_FOLDER.glob("*.sql")):
        rows[file.stem] = _run(connection, keys, file, values)
        if file.stem == "050_resolved_event":
            values["days"] = _touched_days(connection)
        elif file.stem == "052_touched_product":
            read_pages_anew(connection, description.rules)
            analyze(connection, "touched_product")
        elif table := ANALYZED_AFTER.get(file.stem):
            analyze(connection, table)
    return rows, values["days"]


def _take_out(connection: psycopg.Connection, keys: ForeignKeys, values: dict[str, Any]) -> None:
    """What the run then loads again."""
    for file in sorted(RELOAD_FOLDER.glob("*.sql")):
        for statement in statements(file):
            keys.load(connection, statement, values)
        if table := ANALYZED_AFTER.get(file.stem):
            analyze(connection, table)


def count_staged(connection: psycopg.Connection, *tables: str) -> dict[str, int]:
    """The rows of staging tables."""
    counts = {}
    for table in tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("staging", table))
        row = connection.execute(query).fetchone()
        counts[table] = int(row[0]) if row else 0
    return counts


def _values(connection: psycopg.Connection, run_id: int, scope: Scope, figures: RunFigures) -> dict[str, Any]:
    """What the statements refer to by name."""
    from_key, to_key = scope.removed_keys
    ranges = {place: asdict(counts) for place, counts in figures.partitions.items()}
    kinds = dict(figures.kinds)
    if scope.mode == FULL_REFRESH:
        _subtract_ledger(connection, ranges, kinds)
    elif scope.loads_again:
        kinds = {}
    named = ("bus_topic", "bus_partition", "kind", "events")
    return {
        "run_id": run_id,
        "mode": scope.mode,
        "judged": Jsonb([each._asdict() for each in figures.judged]),
        "from_date": scope.from_date,
        "to_date": scope.to_date,
        "from_key": from_key,
        "to_key": to_key,
        "ranges": Jsonb(list(ranges.values())),
        "kinds": Jsonb([dict(zip(named, (*key, n), strict=True)) for key, n in sorted(kinds.items()) if n]),
        "days": [],
        "time_zone": stored_time_zone(connection),
        "session_silence": SESSION_SILENCE,
        "campaign_lookback": CAMPAIGN_LOOKBACK,
        "topic_ids": Jsonb(dict(figures.topic_ids)),
    }


def _subtract_ledger(
    connection: psycopg.Connection,
    ranges: dict[TopicPartition, dict[str, Any]],
    kinds: dict[tuple[str, int, str], int],
) -> None:
    """Turn what a full refresh read into what it changes: the sums over all runs stay the truth."""
    for topic, partition, *sums in connection.execute(LEDGER_RANGES).fetchall():
        changed = ranges[TopicPartition(topic, partition)]
        for name, known in zip(("landed", "other_kinds", "events"), sums, strict=True):
            changed[name] -= known
    for topic, partition, kind, known in connection.execute(LEDGER_KINDS).fetchall():
        kinds[topic, partition, kind] = kinds.get((topic, partition, kind), 0) - known


def _run(connection: psycopg.Connection, keys: ForeignKeys, file: Path, values: dict[str, Any]) -> int:
    started, by_hash = time.monotonic(), file.stem in JOINED_BY_HASH
    if by_hash:
        connection.execute(NO_LOOPS)
    rows = sum(keys.load(connection, statement, values) for statement in statements(file))
    if by_hash:
        connection.execute(LOOPS)
    logger.debug("statement=%s rows=%d seconds=%.2f", file.stem, rows, time.monotonic() - started)
    return rows


def _touched_days(connection: psycopg.Connection) -> list[int]:
    """The days that the new views touch."""
    analyze(connection, "resolved_event")
    return _value(connection, TOUCHED_DAYS) or []


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def analyze(connection: psycopg.Connection, *tables: str) -> None:
    """Collect the planner's statistics of staging tables."""
    connection.execute("SELECT etl.analyze_staging(%s)", [list(tables)])


def check_staging(connection: psycopg.Connection, staged: dict[str, int]) -> None:
    """Raises StagingLostError where the tables do not hold what was staged."""
    for table, found in count_staged(connection, *staged).items():
        if found != staged[table]:
            raise StagingLostError(f"staging.{table} holds {found} rows of {staged[table]} copied")
