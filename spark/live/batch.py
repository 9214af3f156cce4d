"""One batch in one transaction: its rows are counted, its positions advanced, and windows closed.

foreachBatch is at least once. So the positions in `live.position` say what is counted: rows below them are left out,
and whoever applies a batch twice, or after a crash, changes nothing the second time.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from psycopg.types.json import Jsonb

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from kafka.feeds.feed import MAIN
from spark.live.feed_batch import FeedBatch, count_feeds
from spark.live.orders import ORDER_GAP, count_orders
from spark.live.rows import COUNTED_ROW
from spark.live.watermark import Read, reads, time_of, vouched, window_start
from spark.refused import COPY
from spark.schemas import ORDER, PRODUCT_VIEW, UNKNOWN_KIND
from spark.staging import text_lines

logger = logging.getLogger(__name__)

BATCH_FOLDER = PROJECT_ROOT / "sql" / "live" / "batch"
EXPIRE_FOLDER = PROJECT_ROOT / "sql" / "live" / "expire"
PIPELINE_FOLDER = PROJECT_ROOT / "sql" / "live" / "pipeline"
BEFORE_ORDERS = "081_window_visitors"
"""The statement of a batch behind which its orders are counted: the windows are there."""
# The session's own, with the columns of COUNTED_ROW but for seconds, which become times.
ARRIVED = """
CREATE TEMPORARY TABLE IF NOT EXISTS arrived (
    bus_topic text NOT NULL,
    bus_partition integer NOT NULL,
    bus_offset bigint NOT NULL,
    bus_seconds bigint,
    bus_milliseconds bigint,
    verdict text,
    kind text,
    event_id uuid,
    event_time timestamptz,
    window_start timestamptz,
    product text,
    store text,
    visitor uuid,
    person uuid,
    order_hash uuid,
    lines text,
    referrer_type text,
    is_bot boolean NOT NULL,
    is_late boolean NOT NULL DEFAULT false
) ON COMMIT DELETE ROWS
"""
COLUMNS = (
    *("bus_topic", "bus_partition", "bus_offset", "bus_seconds", "bus_milliseconds", "verdict", "kind", "event_id"),
    *(
        "event_time",
        "window_start",
        "product",
        "store",
        "visitor",
        "person",
        "order_hash",
        "lines",
        "referrer_type",
        "is_bot",
    ),
)
STREAM = "SELECT taken, batch_id, watermark, kept_from FROM live.stream FOR UPDATE"
# A month at once would be a long transaction of a batch; a day is removed when it is over.
EXPIRY_STEP = timedelta(days=1)


@dataclass(frozen=True)
class Rules:
    """How windows are made: their length, the lateness and the lead that are allowed, and how long they are kept.

    `ids_hours` is how long the ids of events of the feeds beside the main one are known after their windows.
    """

    window_seconds: int
    lateness_seconds: int
    lead_seconds: int
    kept_days: int
    ids_hours: int = 24


@dataclass(frozen=True)
class Batch:
    """Rows of COUNTED_ROW of one topic, and what they say of each partition."""

    topic: str
    topic_id: str
    rows: pa.Table
    read: Mapping[int, Read]
    rules: Rules
    now: int

    @classmethod
    def of(cls, topic: str, topic_id: str, rows: pa.Table, rules: Rules, now: int) -> "Batch":
        """The batch that Spark has read; `now` is this machine's time, seconds since 1970."""
        names = ("bus_partition", "bus_offset", "verdict", "event_seconds", "bus_seconds")
        told = []
        for partition, offset, verdict, event_seconds, bus_seconds in zip(
            *(rows.column(name).to_pylist() for name in names), strict=True
        ):
            is_told = event_seconds is not None and verdict is None
            reached = vouched(event_seconds, bus_seconds, now, rules.lead_seconds) if is_told else None
            told.append((partition, offset, reached))
        read = reads(told)
        return cls(topic, topic_id, rows, read, rules, now)


def apply(connection: psycopg.Connection, batch: Batch, taken: int, watermark: int | None, feeds: FeedBatch) -> int:
    """Count the batch in the caller's transaction; the batch's number.

    `taken` is the caller's number in `live.stream`, `watermark` the one that the batch leads to, `feeds` what it has of
    the feeds beside the main one. Raises TerminalError where another stream has begun since.
    """
    (found, last_batch, watermark_before, kept_from) = _stream(connection)
    if found != taken:
        raise another_stream()
    values = {
        **_values(batch, watermark, feeds),
        "batch_id": last_batch + 1,
        "watermark_before": watermark_before,
        "kept_from": kept_from,
    }
    _copy(connection, batch)
    count_feeds(connection, feeds, values)
    for file in sorted(BATCH_FOLDER.glob("*.sql")):
        found_rows = connection.execute(file.read_text(encoding="utf-8").encode(), values).rowcount
        logger.debug("statement=%s rows=%d", file.stem, found_rows)
        if file.stem == BEFORE_ORDERS:
            count_orders(connection, ORDER, last_batch + 1)
    if watermark is not None:
        _expire(connection, batch.rules, watermark, kept_from)
    # Last, for it measures how long the events took to be written.
    for file in sorted(PIPELINE_FOLDER.glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8").encode(), values)
    return int(last_batch) + 1


def another_stream() -> TerminalError:
    """What a stream says that lost its lock to another one."""
    return TerminalError("another stream has begun since, and counts on from here: this one is over, nothing is lost")


def _stream(connection: psycopg.Connection) -> tuple[Any, ...]:
    (row,) = connection.execute(STREAM).fetchall()
    return tuple(row)


def _values(batch: Batch, watermark: int | None, feeds: FeedBatch) -> dict[str, Any]:
    rules = batch.rules
    positions = [
        {"bus_topic": topic, "topic_id": topic_id, "bus_partition": partition, **vars(found)}
        for topic, topic_id, read in [
            (batch.topic, batch.topic_id, batch.read),
            *((part.topic, part.topic_id, part.read) for part in feeds.parts),
        ]
        for partition, found in sorted(read.items())
    ]
    return {
        "positions": Jsonb(positions),
        "window": timedelta(seconds=rules.window_seconds),
        "lateness": timedelta(seconds=rules.lateness_seconds),
        "lead": timedelta(seconds=rules.lead_seconds),
        "now": time_of(batch.now),
        "order_gap": ORDER_GAP,
        "watermark": time_of(watermark),
        "ids_kept": timedelta(hours=rules.ids_hours),
        "kept": timedelta(days=rules.kept_days),
        "main_feed": MAIN,
        "view": PRODUCT_VIEW,
        "order": ORDER,
    }


def _copy(connection: psycopg.Connection, batch: Batch) -> None:
    connection.execute(ARRIVED)
    statement = COPY.format(sql.Identifier("arrived"), sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))
    lines = text_lines(_texts(batch.rows, batch.rules.window_seconds))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(lines.to_pylist()))
    connection.execute("ANALYZE arrived")


def _texts(rows: pa.Table, window_seconds: int) -> list[tuple[str | None, ...]]:
    """Rows of `arrived`, in the order of COLUMNS, as text; rows that tell a position alone are left out."""
    counted = rows.filter(pc.not_equal(rows.column("kind"), UNKNOWN_KIND))
    columns = {name: pc.cast(counted.column(name), pa.string()).to_pylist() for name in COUNTED_ROW.names}
    seconds = counted.column("event_seconds").to_pylist()
    columns["event_time"] = [_spelled(each) for each in seconds]
    columns["window_start"] = [
        _spelled(None if each is None else window_start(each, window_seconds)) for each in seconds
    ]
    columns["person"] = [
        user or visitor for user, visitor in zip(columns["user_hash"], columns["visitor"], strict=True)
    ]
    return list(zip(*(columns[name] for name in COLUMNS), strict=True))


def _spelled(seconds: int | None) -> str | None:
    found = time_of(seconds)
    return None if found is None else found.isoformat()


def _expire(connection: psycopg.Connection, rules: Rules, watermark: int, kept_from: datetime | None) -> None:
    """Remove windows that are older than is wanted, once a day of event time."""
    wanted = time_of(window_start(watermark - rules.kept_days * 86_400, rules.window_seconds))
    if wanted is None or (kept_from is not None and wanted < kept_from + EXPIRY_STEP):
        return
    for file in sorted(EXPIRE_FOLDER.glob("*.sql")):
        connection.execute(file.read_text(encoding="utf-8").encode(), {"kept_from": wanted})
