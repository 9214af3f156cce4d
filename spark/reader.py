"""From portions of offsets to a DataFrame of raw events, read in parallel by the tasks themselves."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.event_text import as_text
from kafka.event_time import event_seconds
from kafka.position import OFFSET_DIGITS
from kafka.visitor import visitor_hash
from spark.choices import cart_lines, chosen_options
from spark.event_text import campaign, content_hash, options_json
from spark.ranges import Portion
from spark.raw_store import Document, RawStore
from spark.schemas import CART, KINDS, ORDER, PRODUCT_VIEW, RAW_EVENT, SEARCH, UNKNOWN_KIND

ROWS_PER_BATCH = 5_000
Row = tuple[Any, ...]
Batches = Iterator[pa.RecordBatch]
Window = tuple[int, int]
"""From and below which second, since 1970."""


@dataclass(frozen=True)
class EventReader:
    """What a task needs to read its portions; `window` leaves out events that surely lie outside these seconds."""

    store: RawStore
    hash_key: bytes
    window: Window | None = None

    def frame(self, spark: SparkSession, groups: list[list[Portion]]) -> DataFrame:
        """The landed events in the columns of RAW_EVENT; one task reads one group of portions."""
        return spark.range(0, len(groups), 1, max(len(groups), 1)).mapInArrow(
            self._function(groups), from_arrow_schema(RAW_EVENT)
        )

    def _function(self, groups: list[list[Portion]]) -> Callable[[Batches], Batches]:
        def read(indexes: Batches) -> Batches:
            for batch in indexes:
                for index in batch.column(0).to_pylist():
                    for portion in groups[index]:
                        yield from self._read(portion)

        return read

    def _read(self, portion: Portion) -> Batches:
        unknown = 0
        rows: list[Row] = []
        for documents in self.store.scan(portion):
            for document in documents:
                kind = event_kind(document.get("event"))
                if kind == UNKNOWN_KIND:
                    unknown += 1
                elif self.window is None or may_lie_within(document["event"], self.window):
                    rows.append(event_row(portion, kind, document, self.hash_key))
            if len(rows) >= ROWS_PER_BATCH:
                yield _record_batch(rows)
                rows = []
        if unknown:
            unused = (None,) * (len(RAW_EVENT) - 5)
            rows.append((portion.topic, portion.partition, UNKNOWN_KIND, unknown, portion.arrival, *unused))
        if rows:
            yield _record_batch(rows)


def may_lie_within(event: Mapping[str, Any], window: Window) -> bool:
    """False only for an event whose time is a number of seconds outside the window."""
    sent = event.get("time_stamp")
    return not isinstance(sent, int | float) or window[0] <= sent < window[1]


def event_kind(event: object) -> str:
    """The event's `collection`, or UNKNOWN_KIND where it is none of the 27."""
    kind = event.get("collection") if isinstance(event, Mapping) else None
    return kind if isinstance(kind, str) and kind in KINDS else UNKNOWN_KIND


def event_row(portion: Portion, kind: str, document: Document, hash_key: bytes) -> Row:
    """A landed event of a known kind in the columns of RAW_EVENT."""
    event = document["event"]
    get = event.get
    event_id, object_id = as_text(get("id")), as_text(_object_id(get("_id")))
    has_choices = kind in (PRODUCT_VIEW, CART)
    return (
        portion.topic,
        portion.partition,
        kind,
        1,
        portion.arrival,
        int(document["_id"][-OFFSET_DIGITS:]),
        bus_milliseconds(document),
        event_id,
        object_id,
        None if event_id or object_id else content_hash(event),
        as_text(get("time_stamp")),
        event_seconds(get("time_stamp")),
        as_text(get("user_agent")),
        as_text(get("device_id")),
        as_text(get("store_id")),
        as_text(get("product_id")) or as_text(get("viewing_product_id")),
        as_text(get("current_url")),
        as_text(get("referrer_url")),
        campaign(get("utm_source")),
        campaign(get("utm_medium")),
        options_json(get("option")) if kind == PRODUCT_VIEW else None,
        chosen_options(get("option"), get("current_url")) if has_choices else None,
        as_text(get("price")) if has_choices else None,
        as_text(get("currency")) if has_choices else None,
        as_text(get("order_id")) if kind == ORDER else None,
        cart_lines(get("cart_products")) if kind == ORDER else None,
        as_text(get("key_search")) if kind == SEARCH else None,
        as_text(get("recommendation_product_id")),
        as_text(get("recommendation_clicked_position")),
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
