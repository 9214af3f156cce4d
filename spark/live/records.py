"""Records of the bus to the columns of RAW_EVENT: decoded as landing does, read as the ETL reads what landed."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.dead_letter_reasons import EventError
from kafka.event_json import decode_event
from kafka.forgotten import Moments
from kafka.position import bus_position
from kafka.record_time import earliest_ms
from kafka.sinks.landed_documents import LandedEvent
from spark.ranges import Portion
from spark.reader import ROWS_PER_BATCH, bus_milliseconds, constants, event_batch, event_kind, record_batch
from spark.schemas import RAW_EVENT, UNKNOWN_KIND

DEAD = "(dead) "
"""Before the reason, the kind of a record that is no event: what landing puts into the dead letters."""
Batches = Iterator[pa.RecordBatch]


class Record(NamedTuple):
    """A record of the bus as Spark's source gives it; `headers` as dicts of `key` and `value`."""

    topic: str
    partition: int
    offset: int
    milliseconds: int
    value: bytes | None
    headers: list[dict[str, Any]] | None


def raw_events(records: DataFrame, moments: Moments, hash_key: bytes, shop_domains: tuple[str, ...]) -> DataFrame:
    """The records of Spark's source for Kafka in the columns of RAW_EVENT.

    One row for each event of a known kind and each record that is no event, and one that tells the last position of
    all others: of other kinds, and of forgotten visitors, of whom nothing else is read.
    """
    columns = records.select(
        "topic", "partition", "offset", F.unix_millis("timestamp").alias("milliseconds"), "value", "headers"
    )

    def read(batches: Batches) -> Batches:
        for batch in batches:
            rows = (Record(*row) for row in zip(*(column.to_pylist() for column in batch.columns), strict=True))
            for place, of_partition in groupby(rows, key=lambda record: (record.topic, record.partition)):
                portion = Portion(*place, 0, ())
                yield from read_records(portion, list(of_partition), moments, hash_key, shop_domains)

    return columns.mapInArrow(read, from_arrow_schema(RAW_EVENT))


def read_records(
    portion: Portion, records: Sequence[Record], moments: Moments, hash_key: bytes, shop_domains: tuple[str, ...]
) -> Batches:
    """Records of one partition in the columns of RAW_EVENT."""
    known: list[LandedEvent] = []
    others: list[tuple[str, Record]] = []
    for record in records:
        kind, event = _event_of(record, moments)
        if event is None:
            others.append((kind, record))
        else:
            place = bus_position(record.topic, record.partition, record.offset)
            known.append(LandedEvent(place, event, record.milliseconds))
    for first in range(0, len(known), ROWS_PER_BATCH):
        yield event_batch(portion, known[first : first + ROWS_PER_BATCH], hash_key, shop_domains)
    told = [each for each in others if each[0] != UNKNOWN_KIND]
    told += [each for each in others if each[0] == UNKNOWN_KIND][-1:]
    if told:
        yield _positions(portion, told)


def _event_of(record: Record, moments: Moments) -> tuple[str, dict[str, Any] | None]:
    """The record's kind, and its event where it is one that the warehouse knows."""
    try:
        event = decode_event(record.value)
    except EventError as error:
        return f"{DEAD}{error.reason.value}", None
    headers = [(each["key"], each["value"]) for each in record.headers or ()]
    if moments.holds(event, earliest_ms(record.milliseconds, headers)):
        return UNKNOWN_KIND, None
    kind = event_kind(event)
    return kind, None if kind == UNKNOWN_KIND else event


def _positions(portion: Portion, told: Sequence[tuple[str, Record]]) -> pa.RecordBatch:
    columns = {
        **constants(portion, len(told)),
        "kind": [kind for kind, _ in told],
        "offset": [record.offset for _, record in told],
        "bus_milliseconds": [bus_milliseconds(record.milliseconds) for _, record in told],
    }
    return record_batch(columns, len(told))
