"""Records of the feeds beside the main one to the narrow rows that a batch counts: one for each record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.dead_letter_reasons import EventError
from kafka.event_json import decode_event
from kafka.feeds.feed import Feed
from kafka.forgotten import Moments
from kafka.record_time import LAST_TIME_MS, earliest_ms
from kafka.visitor import identity, identity_hash, keyed_hash
from spark.live.measures import Cell, cells_of, step_of, values_of
from spark.live.records import Record

FORGOTTEN = "(forgotten)"
"""The verdict on a record of a forgotten person: it tells its position, and nothing else is read of it."""
LONGEST_MEMBER = 100
"""Characters; a key of an index holds 2,704 bytes, the id of a document 512."""
Batches = Iterator[pa.RecordBatch]
FEED_ROW = pa.schema(
    [
        ("feed", pa.string()),
        ("bus_topic", pa.string()),
        ("bus_partition", pa.int32()),
        ("bus_offset", pa.int64()),
        ("bus_milliseconds", pa.int64()),
        ("verdict", pa.string()),
        ("event_id", pa.string()),
        ("event_milliseconds", pa.int64()),
        ("session", pa.string()),
        ("person", pa.string()),
        ("is_converted", pa.bool_()),
        ("cells", pa.string()),
    ]
)
"""`verdict` is the field and the rule that it breaks, or why the record is no event; null for a valid one. `cells` is
a JSON list of lists, in the order of the fields of Cell."""


@dataclass(frozen=True)
class FeedReader:
    """Reads the records of one feed; travels to tasks of Spark. `hash_key` is that of the warehouse's visitors."""

    feed: Feed
    moments: Moments
    hash_key: bytes

    def row(self, record: Record) -> dict[str, Any]:
        """The record in the columns of FEED_ROW, absent ones null."""
        is_time = 0 < record.milliseconds <= LAST_TIME_MS
        bus_milliseconds = record.milliseconds if is_time else None
        place = {
            "feed": self.feed.name,
            "bus_topic": record.topic,
            "bus_partition": record.partition,
            "bus_offset": record.offset,
            "bus_milliseconds": bus_milliseconds,
        }
        try:
            event = decode_event(record.value)
        except EventError as error:
            return {**place, "verdict": error.reason.value}
        headers = [(each["key"], each["value"]) for each in record.headers or ()]
        if self.moments.holds(event, earliest_ms(record.milliseconds, headers)):
            return {**place, "verdict": FORGOTTEN}
        for broken in self.feed.validate(event, bus_milliseconds):
            return {**place, "verdict": f"{broken.field}:{broken.rule}"}
        time_ms = self.feed.time_ms(event)
        # A declaration may set no bounds.
        if time_ms is None or not 0 <= time_ms <= LAST_TIME_MS:
            return {**place, "verdict": f"{self.feed.event_time}:out_of_bounds"}
        return {**place, "event_milliseconds": time_ms, **self._counted(event, record)}

    def _counted(self, event: dict[str, Any], record: Record) -> dict[str, Any]:
        values = values_of(self.feed, event)
        # An event that nothing tells apart is known by its place.
        known = self.feed.id_of(event) or f"{record.topic}:{record.partition}:{record.offset}"
        step = step_of(self.feed.name, values)
        return {
            "event_id": keyed_hash(f"event {known}".encode("utf-8", "replace"), self.hash_key),
            "session": step and keyed_hash(f"session {step.session}".encode("utf-8", "replace"), self.hash_key),
            "person": step and identity_hash(identity(step.user), self.hash_key),
            "is_converted": step and step.is_converted,
            "cells": orjson.dumps([_storable(cell) for cell in cells_of(self.feed.name, values)]).decode(),
        }


def feed_rows(records: DataFrame, readers: Mapping[str, FeedReader], tasks: int) -> DataFrame:
    """The records of Spark's source for Kafka of these topics in the columns of FEED_ROW, read by so many tasks."""
    columns = records.where(F.col("topic").isin(list(readers))).select(
        "topic", "partition", "offset", F.unix_millis("timestamp").alias("milliseconds"), "value", "headers"
    )

    def read(batches: Batches) -> Batches:
        for batch in batches:
            rows = (Record(*row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
            found = [readers[record.topic].row(record) for record in rows]
            yield pa.RecordBatch.from_pylist(found, schema=FEED_ROW)

    # A task for each partition of each topic would begin a process of Python for a handful of records.
    return columns.coalesce(tasks).mapInArrow(read, from_arrow_schema(FEED_ROW))


def _storable(cell: Cell) -> tuple[str | None, ...]:
    """PostgreSQL holds no NUL character."""
    return (*cell[:2], cell.member.replace("\0", "\ufffd")[:LONGEST_MEMBER], cell.value)
