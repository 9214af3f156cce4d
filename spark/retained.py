"""What retention has left: which days can be loaded again, and from which day on events are still taken.

Retention (`utilities/retention/`) removes whole months of the facts of single events, and raw events below an offset
of each partition; so does emptying the raw store of what the bus no longer has. What they took, etl.removed knows.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import psycopg

from config.errors import TerminalError
from kafka.position import BusPosition, bus_position, parse_position
from spark.ranges import Portion, TopicPartition
from spark.raw_store import RawStore
from spark.scope import Scope

logger = logging.getLogger(__name__)

FACTS_KEPT_FROM = "SELECT to_date(nullif(etl.facts_kept_from(), 0)::text, 'YYYYMMDD')"
LANDED_AND_KEPT = """
SELECT part.bus_topic, part.bus_partition, coalesce(max(gone.until_offset), 0), max(mark.next_offset),
       sum(part.landed)::bigint - coalesce(max(gone.rows), 0)
FROM etl.run_range AS part
JOIN etl.watermark AS mark USING (bus_topic, bus_partition)
LEFT JOIN (
    SELECT bus_topic, bus_partition, max(until_offset) AS until_offset, sum(rows)::bigint AS rows
    FROM etl.removed WHERE what = 'raw events' GROUP BY bus_topic, bus_partition
) AS gone USING (bus_topic, bus_partition)
GROUP BY part.bus_topic, part.bus_partition
"""
TAKEN_OUT = """
    SELECT bus_topic, bus_partition, bus_offset
    FROM fact_event
    WHERE date_key BETWEEN %(from_key)s AND %(to_key)s
    UNION ALL
    SELECT bus_topic, bus_partition, bus_offset
    FROM etl.rejected_event
    WHERE (%(from_date)s::date IS NULL OR event_date BETWEEN %(from_date)s AND %(to_date)s)
      AND NOT EXISTS (
          SELECT FROM etl.removed AS gone
          WHERE gone.what = 'raw events'
            AND (gone.bus_topic, gone.bus_partition) = (rejected_event.bus_topic, rejected_event.bus_partition)
            AND rejected_event.bus_offset < gone.until_offset
      )
"""
IN_ORDER = "ORDER BY bus_topic, bus_partition, bus_offset"
NOT_STAGED = f"""
WITH taken_out AS ({TAKEN_OUT})
SELECT bus_topic, bus_partition, bus_offset
FROM taken_out
WHERE NOT EXISTS (
    SELECT FROM staging.event AS staged
    WHERE (staged.bus_topic, staged.bus_partition, staged.bus_offset)
        = (taken_out.bus_topic, taken_out.bus_partition, taken_out.bus_offset)
) AND NOT EXISTS (
    SELECT FROM staging.rejected_event AS staged
    WHERE (staged.bus_topic, staged.bus_partition, staged.bus_offset)
        = (taken_out.bus_topic, taken_out.bus_partition, taken_out.bus_offset)
)
{IN_ORDER}
"""
POSITIONS_AT_ONCE = 10_000
# An earlier version noted the day of rejected events as well, which may be any that a wrong clock told.
FIRST_RAW_DAY = """
SELECT max(least(last_date, removed_at::date + 1)) + 1
FROM etl.removed
WHERE what = 'raw events' AND last_date IS NOT NULL -- no fact was among them, or another feed's
"""


class RawEventsGoneError(TerminalError):
    """Days cannot be loaded again, since not all of their raw events, or none of their facts, are kept."""

    def __init__(self, first_day: date) -> None:
        self.first_day = first_day
        before = first_day - timedelta(days=1)
        super().__init__(
            f"raw events or facts of days up to {before} are gone, by retention or with an emptied raw store: loading"
            f" these days again would lose what is left; the first day that can be loaded again is {first_day}"
            f" (--from-date {first_day})"
        )


class RawEventsLostError(TerminalError):
    """The raw store no longer holds what was read from it, so that loading it again would take it out."""

    def __init__(self, topic: str, partition: int, lost: int, first_offset: int | None = None) -> None:
        self.topic, self.partition, self.lost, self.first_offset = topic, partition, lost, first_offset
        since = "" if first_offset is None else f" (the first at offset {first_offset})"
        super().__init__(
            f"of {topic}:{partition} the raw store lacks {lost:,} of the events that were read before{since}: loading"
            " again would lose them, and the warehouse is as it was; land them first (./millrace land); where the bus"
            " no longer has them, days of which none is lost can still be loaded again (--from-date, --to-date)"
        )


def facts_kept_from(connection: psycopg.Connection) -> date | None:
    """The first day whose facts are all kept; None where retention took none."""
    return _day(connection, FACTS_KEPT_FROM)


def first_loadable_day(connection: psycopg.Connection) -> date | None:
    """The first day of which, and after which, every raw event and fact is kept; None where retention took nothing."""
    days = (facts_kept_from(connection), _day(connection, FIRST_RAW_DAY))
    return max((day for day in days if day), default=None)


def refuse_lost_days(connection: psycopg.Connection, from_date: date | None) -> None:
    """Raise RawEventsGoneError unless every day from `from_date` on (None: from the first) can be loaded again."""
    first = first_loadable_day(connection)
    if first is not None and (from_date is None or from_date < first):
        raise RawEventsGoneError(first)


def refuse_lost_events(connection: psycopg.Connection, store: RawStore) -> None:
    """Raise RawEventsLostError unless the raw store holds as many events as were read and retention has left.

    It may hold more: what landing refused once, it lands after a fix when it reads the bus again, below the watermark.
    So this is no proof; `refuse_absent` and `refuse_unstaged` are, but of what the facts tell.
    """
    for topic, partition, start, end, read in connection.execute(LANDED_AND_KEPT).fetchall():
        if (found := store.count(topic, partition, start, end)) < read:
            raise RawEventsLostError(topic, partition, read - found)


def refuse_absent(connection: psycopg.Connection, store: RawStore, scope: Scope) -> None:
    """Raise RawEventsLostError where the raw store lacks an event that the run will take out.

    Before anything is read: a landing that refills the store meanwhile would bring it behind the reader's back.
    """
    _refuse_lacking(connection, store, scope, TAKEN_OUT + IN_ORDER)


def refuse_unstaged(connection: psycopg.Connection, store: RawStore, scope: Scope) -> None:
    """Raise RawEventsLostError where the raw store has lost an event that the run takes out and has not staged.

    What is not staged and is there, the run leaves out knowingly: a repeated event, one of no known kind.
    """
    _refuse_lacking(connection, store, scope, NOT_STAGED)


def _refuse_lacking(connection: psycopg.Connection, store: RawStore, scope: Scope, positions: str) -> None:
    from_key, to_key = scope.removed_keys
    values = {"from_key": from_key, "to_key": to_key, "from_date": scope.from_date, "to_date": scope.to_date}
    with connection.cursor("positions") as rows:
        rows.itersize = POSITIONS_AT_ONCE
        rows.execute(positions.encode(), values)
        lost, first = Counter[tuple[str, int]](), BusPosition("", 0, 0)
        for key in store.lacks(bus_position(*row) for row in rows):
            position = parse_position(key)
            first = first if lost else position
            lost[position[:2]] += 1
    if lost:
        raise RawEventsLostError(*first[:2], lost[first[:2]], first.offset)


def without_lost(portions: Iterable[Portion], store: RawStore) -> list[Portion]:
    """The portions without the rejected events that the raw store lacks: these stay rejected, and are told."""
    portions = list(portions)
    keys = (bus_position(topic, partition, offset) for topic, partition, _, offsets in portions for offset in offsets)
    lost = {parse_position(key) for key in store.lacks(keys)}
    if lost:
        logger.warning(
            "rejected events stay as they are, for the raw store lacks them events=%d: ./millrace land lands those"
            " that the bus still has",
            len(lost),
        )
    found = [
        each._replace(offsets=[offset for offset in each.offsets if (each.topic, each.partition, offset) not in lost])
        for each in portions
    ]
    return [each for each in found if each.offsets]


def refuse_unread(portions: Iterable[Portion], kinds: Mapping[tuple[str, int, str], int]) -> None:
    """Raise RawEventsLostError unless each offset of the portions was read; `kinds` as `Staged` has them.

    They were there when the run began: the raw store has lost them since.
    """
    wanted, read = Counter[TopicPartition](), Counter[TopicPartition]()
    for portion in portions:
        wanted[TopicPartition(portion.topic, portion.partition)] += len(portion.offsets)
    for (topic, partition, _), events in kinds.items():
        read[TopicPartition(topic, partition)] += events
    for place, events in sorted(wanted.items()):
        if read[place] < events:
            raise RawEventsLostError(*place, events - read[place])


def _day(connection: psycopg.Connection, query: str) -> date | None:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
