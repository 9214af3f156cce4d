"""The part of a batch that is of feeds beside the main one, in the batch's transaction: windows, verdicts, watermarks.

Each feed has a watermark of its own: one that is silent or ahead closes no window of another.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.types.json import Jsonb

from config.settings import PROJECT_ROOT
from spark.live.feed_rows import FEED_ROW, FORGOTTEN
from spark.live.watermark import Read, reads, time_of, vouched, window_start
from spark.refused import COPY
from spark.staging import text_lines

logger = logging.getLogger(__name__)

FEEDS_FOLDER = PROJECT_ROOT / "sql" / "live" / "feeds"
# The session's own, with the columns of FEED_ROW but for milliseconds, which become times.
ARRIVED = """
CREATE TEMPORARY TABLE IF NOT EXISTS arrived_feed (
    feed text NOT NULL,
    bus_topic text NOT NULL,
    bus_partition integer NOT NULL,
    bus_offset bigint NOT NULL,
    bus_milliseconds bigint,
    bus_seconds bigint,
    verdict text,
    event_id uuid,
    event_time timestamptz,
    window_start timestamptz,
    session uuid,
    person uuid,
    is_converted boolean,
    cells jsonb,
    is_late boolean NOT NULL DEFAULT false
) ON COMMIT DELETE ROWS
"""
COLUMNS = (
    *("feed", "bus_topic", "bus_partition", "bus_offset", "bus_milliseconds", "bus_seconds", "verdict", "event_id"),
    *("event_time", "window_start", "session", "person", "is_converted", "cells"),
)
SESSION_GAP = timedelta(hours=24)
"""A session's id that comes again later than that is another session."""


@dataclass(frozen=True)
class FeedPart:
    """What a batch has read of one feed, and the watermark that it leads to, None where it has none yet."""

    feed: str
    topic: str
    topic_id: str
    read: Mapping[int, Read]
    watermark: int | None = None


@dataclass(frozen=True)
class FeedBatch:
    """Rows of FEED_ROW, and what they say of each feed."""

    rows: pa.Table
    parts: Sequence[FeedPart] = ()


def empty_feed_batch() -> FeedBatch:
    """A batch without records of other feeds."""
    return FeedBatch(FEED_ROW.empty_table())


def reads_of_topics(rows: pa.Table, now: int, lead_seconds: int) -> dict[str, dict[int, Read]]:
    """By topic and partition, what was read; `now` is this machine's time, seconds since 1970."""
    names = ("bus_topic", "bus_partition", "bus_offset", "verdict", "event_milliseconds", "bus_milliseconds")
    told: dict[str, list[tuple[int, int, int | None]]] = {}
    for topic, partition, offset, verdict, event, bus in zip(
        *(rows.column(name).to_pylist() for name in names), strict=True
    ):
        is_told = event is not None and verdict is None
        bus_seconds = None if bus is None else bus // 1000
        reached = vouched(event // 1000, bus_seconds, now, lead_seconds) if is_told else None
        told.setdefault(topic, []).append((partition, offset, reached))
    return {topic: reads(of_topic) for topic, of_topic in told.items()}


def count_feeds(connection: psycopg.Connection, batch: FeedBatch, values: Mapping[str, Any]) -> None:
    """Count the feeds' part of a batch in the caller's transaction, before its positions are advanced.

    `values` are those of the batch's statements (spark/live/batch.py).
    """
    _copy(connection, batch, int(values["window"].total_seconds()))
    if not batch.parts:
        return
    told = [{"feed": part.feed, "bus_topic": part.topic, "watermark": part.watermark} for part in batch.parts]
    values = {**values, "feeds": Jsonb(told), "session_gap": SESSION_GAP}
    for file in sorted(FEEDS_FOLDER.glob("*.sql")):
        found_rows = connection.execute(file.read_text(encoding="utf-8").encode(), values).rowcount
        logger.debug("statement=%s rows=%d", file.stem, found_rows)


def _copy(connection: psycopg.Connection, batch: FeedBatch, window_seconds: int) -> None:
    connection.execute(ARRIVED)
    if not batch.parts:
        return
    statement = COPY.format(sql.Identifier("arrived_feed"), sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))
    lines = text_lines(_text(row, window_seconds) for row in batch.rows.to_pylist() if row["verdict"] != FORGOTTEN)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(lines.to_pylist()))
    connection.execute("ANALYZE arrived_feed (feed, verdict, event_id, window_start, session)")


def _text(row: Mapping[str, Any], window_seconds: int) -> tuple[str | None, ...]:
    """A row of `arrived_feed`, in the order of COLUMNS, as text."""
    event, bus = row["event_milliseconds"], row["bus_milliseconds"]
    told = {**row, "bus_seconds": None if bus is None else bus // 1000, "event_time": None, "window_start": None}
    if event is not None:
        told["event_time"] = datetime.fromtimestamp(event // 1000, UTC) + timedelta(milliseconds=event % 1000)
        told["window_start"] = time_of(window_start(event // 1000, window_seconds))
    return tuple(None if told[name] is None else str(told[name]) for name in COLUMNS)
