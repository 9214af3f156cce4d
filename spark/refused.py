"""Rows that PostgreSQL refuses though they passed every rule: the events behind them are rejected, the others loaded.

Rules bound what an event can carry (spark/rules.py); this is for what no rule foresaw. COPY's lines are tried in
halves until the refused ones are alone (`copy_accepted`), and so are the events of a load (`reject_refused_events`):
about twice the work of one load for each refused event. Nothing here runs unless something was refused.
"""

import csv
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
from psycopg import sql

from config.errors import RefusedDataError
from config.settings import PROJECT_ROOT
from kafka.event_text import TEXT_QUOTE
from spark.outages import explain, words_without_value
from spark.rejected import Originals

logger = logging.getLogger(__name__)

UNUSED_FOLDER = PROJECT_ROOT / "sql" / "refuse"
DELIMITER = "\x01"
# COPY's CSV format with characters that no text here holds (`event_text.as_text`): nothing needs escaping, not even
# a line break, and NULL, which stays unquoted, is not the empty text.
COPY = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02', NULL '')")
RULE = "refused_by_database"
MOST_REFUSED = 100
"""Events of one load; of more it is not the events that are at fault."""
LONGEST_REASON = 200
POSITION = ("bus_topic", "bus_partition", "bus_offset")
NOTE_LINE = """
INSERT INTO staging.refused_line (table_name, line_key, reason, bus_topic, bus_partition, bus_offset, kind, date_key)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
# A line that does not tell its event's kind is of the events that name its first column, or stand at its place.
EVENTS_OF_LINES = """
SELECT bus_topic, bus_partition, bus_offset, kind, date_key, table_name, reason
FROM staging.refused_line WHERE kind IS NOT NULL
UNION ALL
SELECT event.bus_topic, event.bus_partition, event.bus_offset, event.kind, event.date_key, table_name, reason
FROM staging.refused_line AS refused
JOIN staging.event AS event
    ON CASE refused.table_name
        WHEN 'product' THEN refused.line_key = event.product_id
        WHEN 'store' THEN refused.line_key = event.store_id
        WHEN 'referrer' THEN refused.line_key = event.referrer_hash::text
        WHEN 'user_agent' THEN refused.line_key = event.user_agent_hash::text
        WHEN 'order_line' THEN (refused.bus_topic, refused.bus_partition, refused.bus_offset)
            = (event.bus_topic, event.bus_partition, event.bus_offset)
    END
WHERE refused.kind IS NULL
"""
EVENT = "SELECT bus_topic, bus_partition, bus_offset, kind, date_key FROM staging.event WHERE event_id = %s"
REJECT = """
INSERT INTO staging.rejected_event (
    bus_topic, bus_partition, bus_offset, rule, field, value, kind, event_date, original
)
VALUES (%s, %s, %s, %s, %s, %s, %s, to_date(%s::text, 'YYYYMMDD'), %s)
"""
REMOVE = "DELETE FROM staging.event WHERE (bus_topic, bus_partition, bus_offset) = (%s, %s, %s)"
# Of no event where the bounds are null.
KEEP_ONLY = "DELETE FROM staging.event WHERE (event_id BETWEEN %s::uuid AND %s::uuid) IS NOT TRUE"
BOUNDS = """
SELECT (SELECT event_id FROM staging.event ORDER BY event_id LIMIT 1),
       (SELECT event_id FROM staging.event ORDER BY event_id DESC LIMIT 1)
"""
MIDDLE = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY event_id)
FROM staging.event WHERE event_id BETWEEN %s AND %s
"""
NEXT = "SELECT event_id FROM staging.event WHERE event_id > %s ORDER BY event_id LIMIT 1"

Load = Callable[[psycopg.Connection], object]
Event = tuple[Any, ...]
"""Topic, partition, offset, kind and date_key of a refused event, the table that refused it, and why."""


def is_refusal(error: psycopg.Error) -> bool:
    """Whether the data are to blame, not the server or the login."""
    return isinstance(explain(error, ""), RefusedDataError)


def copy_accepted(
    connection: psycopg.Connection, table: str, columns: Sequence[str], lines: Sequence[pa.StringArray]
) -> int:
    """COPY the lines within the caller's transaction, note in staging.refused_line those that PostgreSQL refuses.

    Returns the number of lines copied; raises psycopg.Error for anything but a refusal.
    """
    try:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = COPY.format(sql.Identifier("staging", table), names)
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
            for array in lines:
                copy.write(_bytes_of(array))
        return sum(map(len, lines))
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        if len(lines) == 1 and len(lines[0]) == 1:
            connection.execute(NOTE_LINE, _noted(table, columns, lines[0][0].as_py(), error))
            return 0
    return sum(copy_accepted(connection, table, columns, half) for half in _halves(lines))


def _halves(lines: Sequence[pa.StringArray]) -> tuple[Sequence[pa.StringArray], Sequence[pa.StringArray]]:
    middle = len(lines) // 2
    if middle:
        return lines[:middle], lines[middle:]
    half = len(lines[0]) // 2
    return [lines[0].slice(0, half)], [lines[0].slice(half)]


def _bytes_of(lines: pa.StringArray) -> memoryview:
    """The array's own memory: Arrow keeps the strings of a column end to end."""
    _, offsets, values = lines.buffers()
    bounds = memoryview(offsets).cast("i")
    return memoryview(values)[bounds[lines.offset] : bounds[lines.offset + len(lines)]]


def _noted(table: str, columns: Sequence[str], line: str, error: psycopg.Error) -> tuple[Any, ...]:
    csv.field_size_limit(2**31 - 1)
    values = next(csv.reader([line], delimiter=DELIMITER, quotechar=TEXT_QUOTE))
    named = dict(zip(columns, values, strict=True))
    place = (named.get(name) for name in (*POSITION, "kind", "date_key"))
    return (table, values[0].replace("\0", ""), words_without_value(error, LONGEST_REASON), *place)


def any_refused_lines(connection: psycopg.Connection) -> bool:
    """Whether COPY noted a line that PostgreSQL refused."""
    return bool(_value(connection, "SELECT EXISTS (SELECT FROM staging.refused_line)"))


def reject_refused_lines(connection: psycopg.Connection, originals: Originals) -> int:
    """Reject the events of the lines that COPY noted, in the caller's transaction; how many."""
    events = connection.execute(EVENTS_OF_LINES).fetchall()
    return _reject(connection, events, originals)


def reject_refused_events(
    connection: psycopg.Connection, load: Load, refusal: RefusedDataError, originals: Originals
) -> int:
    """Find by trial the staged events without which `load` succeeds, and reject them; how many.

    `load` is what was refused; every trial of it is rolled back. Raises `refusal` where no event is to blame: where
    nothing loads either, where each event loads by itself, and where more than MOST_REFUSED are refused.
    """
    logger.warning("%s; looking for the events that are refused", refusal)
    low, high = connection.execute(BOUNDS).fetchone() or (None, None)
    if low is None or _trial(connection, load, None, None):
        raise refusal
    found: list[Event] = []
    for event_id, reason in _refused(connection, load, low, high):
        found += [(*row, "load", reason) for row in connection.execute(EVENT, [event_id]).fetchall()]
        if len(found) > MOST_REFUSED:
            raise refusal
    if not found:
        raise refusal
    return _reject(connection, found, originals)


def _refused(connection: psycopg.Connection, load: Load, low: UUID, high: UUID) -> Iterator[tuple[UUID, str]]:
    """The events from `low` to `high` that are refused by themselves, and why."""
    reason = _trial(connection, load, low, high)
    if reason is None:
        return
    if low == high:
        yield low, reason
        return
    middle = _value(connection, MIDDLE, low, high)
    yield from _refused(connection, load, low, middle)
    yield from _refused(connection, load, _value(connection, NEXT, middle), high)


def _trial(connection: psycopg.Connection, load: Load, low: UUID | None, high: UUID | None) -> str | None:
    """Why the load of the events from `low` to `high`, or of none, is refused; None if it is not."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(KEEP_ONLY, [low, high])
            _remove_unused(connection)
            load(connection)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        return words_without_value(error, LONGEST_REASON)
    return None


def _reject(connection: psycopg.Connection, events: Sequence[Event], originals: Originals) -> int:
    reasons: Mapping[tuple[Any, ...], Event] = {event[:3]: event for event in events}
    masked = originals.at([(topic, partition, offset) for topic, partition, offset in reasons])
    for original, (place, (*_, kind, date_key, table, reason)) in zip(masked, reasons.items(), strict=True):
        connection.execute(REMOVE, place)
        _insert_rejection(connection, [*place, RULE, table, reason, kind, date_key, original])
        logger.warning("PostgreSQL refuses an event topic=%s partition=%s offset=%s: %s", *place, reason)
    _remove_unused(connection)
    connection.execute("DELETE FROM staging.refused_line")
    return len(reasons)


def _insert_rejection(connection: psycopg.Connection, values: list[Any]) -> None:
    try:
        with connection.transaction():
            connection.execute(REJECT, values)
    except psycopg.Error as error:
        if not is_refusal(error):
            raise
        connection.execute(REJECT, [*values[:-1], None])


def _remove_unused(connection: psycopg.Connection) -> None:
    """Take out of staging what no staged event refers to."""
    for statement in sorted(UNUSED_FOLDER.glob("*.sql")):
        connection.execute(statement.read_text(encoding="utf-8").encode())


def _value(connection: psycopg.Connection, query: str, *values: Any) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    return row[0] if row else None
