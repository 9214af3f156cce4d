"""What a task copies of what it read, and what it tells."""

import datetime
from typing import Any

import pyarrow as pa
import pytest

from spark.raw_store import RawStore
from spark.rejected import Originals
from spark.stage import stager
from spark.staging import StagingTarget
from spark.warehouse import WarehouseLogin

LOGIN = WarehouseLogin("nowhere", 1, "none", "nobody", None, 0)  # type: ignore[arg-type]
REJECTED = {
    "bus_topic": "t",
    "bus_partition": 0,
    "bus_offset": 7,
    "rule": "no_product",
    "field": "product_id",
    "value": None,
    "kind": "view_product_detail",
    "event_date": datetime.date(2025, 7, 24),
}
LINES = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("kind", pa.string()),
        ("events", pa.int64()),
        ("event", pa.string()),
        ("order_lines", pa.list_(pa.string())),
        (
            "rejected",
            pa.struct(
                [
                    (name, {int: pa.int64(), datetime.date: pa.date32()}.get(type(value), pa.string()))
                    for name, value in REJECTED.items()
                ]
            ),
        ),
    ]
)


class Store(RawStore):
    def __init__(self) -> None:
        pass

    def documents_at(self, keys: Any) -> Any:
        return iter([[{"_id": key, "event": {"email": "anna@example.org"}} for key in keys]])


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    common = {"topic": "t", "partition": 0, "kind": "view_product_detail", "events": 1}
    return pa.RecordBatch.from_pylist([common | row for row in rows], LINES)


def test_lines_reach_their_tables_and_events_are_counted_by_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: dict[str, list[str]] = {}

    def copy(target: StagingTarget, partition_id: int, lines: list[pa.StringArray]) -> int:
        copied[target.table] = [line for array in lines for line in array.to_pylist()]
        return len(copied[target.table])

    monkeypatch.setattr(StagingTarget, "copy", copy)
    targets = {table: StagingTarget(LOGIN, 1, table, ("a",)) for table in ("event", "order_line", "rejected_event")}
    batches = [
        batch({"event": "cut off\n"}, {"event": "1\n"}, {"rejected": REJECTED}).slice(1),
        batch(),
        batch({"event": "2\n", "order_lines": ["a\n", "b\n"]}, {"event": "3\n"}, {"kind": "?", "events": 7}),
    ]
    told = [row for each in stager(targets, Originals(Store(), b"k"))(iter(batches)) for row in each.to_pylist()]
    assert {row["table_name"]: row["rows"] for row in told if row["table_name"]} == {
        "event": 3,
        "order_line": 2,
        "rejected_event": 1,
    }
    assert {row["kind"]: row["rows"] for row in told if not row["table_name"]} == {"view_product_detail": 4, "?": 7}
    assert copied["event"] == ["1\n", "2\n", "3\n"] and copied["order_line"] == ["a\n", "b\n"]
    (rejected,) = copied["rejected_event"]
    assert "2025-07-24" in rejected and "anna" not in rejected and "\x02no_product\x02" in rejected


def test_a_task_without_events_copies_nothing() -> None:
    (told,) = stager({"event": StagingTarget(LOGIN, 1, "event", ())}, Originals(Store(), b"k"))(iter([]))
    assert told.num_rows == 0
