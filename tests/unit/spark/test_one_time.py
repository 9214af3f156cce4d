"""Search and warehouse read one instant and one id from an event, whatever type and spelling they have."""

from collections.abc import Callable
from typing import Any

import bson
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.event_json import decode_event
from kafka.position import bus_position
from kafka.sinks.event_document import event_document, event_time_ms
from kafka.sinks.landed_documents import LandedEvent, events_as_sent
from spark.ranges import Portion
from spark.reader import event_batch
from spark.schemas import ORDER, PRODUCT_VIEW, RAW_EVENT
from spark.transforms import parse

BUS_TIME_MS = 1_753_369_484_123
SENT = [
    *("1789000481", "1789000481.0", "1789000482.25", "1.789000481e9", "-5", "1420070399", "1e300"),
    *('"1789000481"', '" 1789000482.75 "', '"1.789000481E9"', '"+1789000481"', '"2240611200"', '"9e300"'),
    *('"1789000481d"', '"0x6aa20d61"', '"soon"', '""', '"NaN"', "true", "null", "[]", "{}", "[1789000481]"),
]
"""As they stand in the event's JSON."""


@pytest.fixture
def warehouse_times(spark_session: SparkSession) -> Callable[[list[dict[str, Any]]], DataFrame]:
    """Landed events as the ETL reads them: `offset` and `event_time` in milliseconds."""

    def read(events: list[dict[str, Any]]) -> DataFrame:
        portion = Portion("t", 0, 0, range(len(events)))
        raw = b"".join(
            bson.encode({"_id": bus_position("t", 0, i), "event": {**e, "collection": PRODUCT_VIEW}})
            for i, e in enumerate(events)
        )
        rows = event_batch(portion, events_as_sent(raw), b"k").to_pylist()
        frame = spark_session.createDataFrame([tuple(row.values()) for row in rows], from_arrow_schema(RAW_EVENT))
        return parse(frame, "UTC").selectExpr("offset", "unix_millis(event_time) AS event_ms")

    return read


def test_search_and_warehouse_read_one_instant(
    warehouse_times: Callable[[list[dict[str, Any]]], DataFrame],
) -> None:
    events = [decode_event(f'{{"time_stamp":{value}}}'.encode()) for value in SENT]
    for row in warehouse_times(events).collect():
        searched = event_time_ms(events[row["offset"]], BUS_TIME_MS)
        usable = row["event_ms"] is not None and 1_420_070_400_000 <= row["event_ms"] < 2_240_611_200_000
        assert searched == (row["event_ms"] if usable else BUS_TIME_MS), SENT[row["offset"]]


@pytest.mark.parametrize("value", ["6200001", 6200001, 6200001.0, 0.5, -1, "\u00e4", "", None, True, 2**53])
def test_search_and_warehouse_read_one_id(value: Any) -> None:
    event = {"order_id": value, "product_id": value, "store_id": value, "_id": {"$oid": value}}
    document = event_document(event, 0, {}, 0, b"k")
    landed = LandedEvent(bus_position("t", 0, 0), event | {"collection": ORDER}, 0)
    (row,) = event_batch(Portion("t", 0, 0, range(1)), [landed], b"k").to_pylist()
    is_text_or_number = isinstance(value, str | int | float) and not isinstance(value, bool)
    names = {name: name for name in event if name != "_id"}
    for searched, read in {**names, "event_id": "object_id"}.items():
        assert document.get(searched) == ((row[read] or None) if is_text_or_number else None)
