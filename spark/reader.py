"""From ranges of offsets to a DataFrame of raw events, read in parallel by the tasks themselves."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.position import OFFSET_DIGITS
from spark.event_fields import as_text, campaign, content_hash, options_json, visitor_hash
from spark.ranges import OffsetRange
from spark.raw_store import Document, RawStore
from spark.schemas import KINDS, PRODUCT_VIEW, RAW_EVENT, UNKNOWN_KIND

ROWS_PER_BATCH = 5_000
Row = tuple[Any, ...]
Batches = Iterator[pa.RecordBatch]


def read_events(spark: SparkSession, store: RawStore, ranges: list[OffsetRange], hash_key: bytes) -> DataFrame:
    """The landed events of `ranges` in the columns of RAW_EVENT; one task reads one range."""
    return spark.range(0, len(ranges), 1, len(ranges)).mapInArrow(
        range_reader(store, ranges, hash_key), from_arrow_schema(RAW_EVENT)
    )


def range_reader(store: RawStore, ranges: list[OffsetRange], hash_key: bytes) -> Callable[[Batches], Batches]:
    """The function of a task: record batches of indexes into `ranges` to record batches of RAW_EVENT."""

    def read(indexes: Batches) -> Batches:
        for batch in indexes:
            for index in batch.column(0).to_pylist():
                yield from _read_range(store, ranges[index], hash_key)

    return read


def _read_range(store: RawStore, offsets: OffsetRange, hash_key: bytes) -> Batches:
    others: Counter[str] = Counter()
    rows: list[Row] = []
    for documents in store.scan(offsets):
        for document in documents:
            event = document.get("event")
            kind = event_kind(event)
            if kind == PRODUCT_VIEW:
                rows.append(view_row(offsets, document, hash_key))
            else:
                others[kind] += 1
        if len(rows) >= ROWS_PER_BATCH:
            yield _record_batch(rows)
            rows = []
    if rows:
        yield _record_batch(rows)
    if others:
        unused = (None,) * (len(RAW_EVENT) - 4)
        place = (offsets.topic, offsets.partition)
        yield _record_batch([(*place, kind, events, *unused) for kind, events in sorted(others.items())])


def event_kind(event: object) -> str:
    """The event's `collection`, or UNKNOWN_KIND where it is none of the 27."""
    kind = event.get("collection") if isinstance(event, Mapping) else None
    return kind if isinstance(kind, str) and kind in KINDS else UNKNOWN_KIND


def view_row(offsets: OffsetRange, document: Document, hash_key: bytes) -> Row:
    """A landed product view in the columns of RAW_EVENT."""
    event = document["event"]
    get = event.get
    event_id, object_id = as_text(get("id")), as_text(_object_id(get("_id")))
    return (
        offsets.topic,
        offsets.partition,
        PRODUCT_VIEW,
        1,
        int(document["_id"][-OFFSET_DIGITS:]),
        bus_milliseconds(document),
        event_id,
        object_id,
        None if event_id or object_id else content_hash(event),
        as_text(get("time_stamp")),
        as_text(get("user_agent")),
        as_text(get("device_id")),
        as_text(get("store_id")),
        as_text(get("product_id")),
        as_text(get("current_url")),
        as_text(get("referrer_url")),
        campaign(get("utm_source")),
        campaign(get("utm_medium")),
        options_json(get("option")),
        as_text(get("price")),
        as_text(get("currency")),
        visitor_hash(event, hash_key),
    )


def bus_milliseconds(document: Document) -> int | None:
    """The record's timestamp on the bus, in milliseconds since 1970; None where the record had none."""
    bus = document.get("kafka")
    timestamp = bus.get("timestamp") if isinstance(bus, Mapping) else None
    if isinstance(timestamp, datetime):
        return round(timestamp.replace(tzinfo=timestamp.tzinfo or UTC).timestamp() * 1000)
    return int(timestamp) if isinstance(timestamp, int | float) and timestamp > 0 else None


def _object_id(value: object) -> object:
    """mongoexport writes an ObjectId as `{"$oid": "5ec8..."}`."""
    return value.get("$oid", value) if isinstance(value, Mapping) else value


def _record_batch(rows: list[Row]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, RAW_EVENT, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=RAW_EVENT)
