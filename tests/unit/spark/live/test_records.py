"""Records of the bus become the rows that the ETL makes of what landed, and none stops the stream."""

import json
from typing import Any

from kafka.forgotten import Moments
from kafka.visitor import owner_hash
from spark.live.records import DEAD, Record, read_records
from spark.ranges import Portion
from spark.schemas import UNKNOWN_KIND
from tests.events import view

KEY, HASH_KEY = b"key of the list of forgotten", b"key of the visitors hashes"
NOBODY = Moments(KEY, {})
PORTION = Portion("views", 2, 0, ())


def record(offset: int, value: Any, milliseconds: int = 1_767_225_700_000, **headers: bytes) -> Record:
    sent = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return Record("views", 2, offset, milliseconds, sent, [{"key": k, "value": v} for k, v in headers.items()])


def rows(*records: Record, moments: Moments = NOBODY) -> list[dict[str, Any]]:
    return [row for batch in read_records(PORTION, records, moments, HASH_KEY, ("shop",)) for row in batch.to_pylist()]


def test_an_event_has_its_position_and_the_bus_time() -> None:
    (row,) = rows(record(41, view(1)))
    assert (row["topic"], row["partition"], row["offset"]) == ("views", 2, 41)
    assert (row["bus_milliseconds"], row["event_seconds"]) == (1_767_225_700_000, view(1)["time_stamp"])
    assert (row["kind"], row["product_id"]) == ("view_product_detail", view(1)["product_id"])


def test_what_is_no_event_is_told_by_its_reason() -> None:
    found = rows(record(1, b"{"), record(2, None), record(3, b"[1]"), record(4, view(4)))
    reasons = {row["offset"]: row["kind"] for row in found}
    assert reasons == {
        1: f"{DEAD}not_json",
        2: f"{DEAD}null_value",
        3: f"{DEAD}not_an_object",
        4: view(4)["collection"],
    }


def test_of_other_kinds_only_the_last_position_is_told() -> None:
    found = rows(record(1, {"collection": "other"}), record(2, {}), record(3, view(3)))
    assert [(row["kind"], row["offset"]) for row in found] == [("view_product_detail", 3), (UNKNOWN_KIND, 2)]


def test_a_forgotten_visitors_event_is_not_read_and_a_later_one_is() -> None:
    event = view(5)
    owner = owner_hash(event, KEY)
    assert owner is not None
    moments = Moments(KEY, {owner: 2_000})
    before, after = record(1, event, milliseconds=1_999), record(2, event, milliseconds=2_001)
    assert {row["offset"]: row["kind"] for row in rows(before, after, moments=moments)} == {
        1: UNKNOWN_KIND,
        2: "view_product_detail",
    }


def test_a_copy_of_a_forgotten_visitors_record_is_as_old_as_its_header_says() -> None:
    event = view(5)
    moments = Moments(KEY, {str(owner_hash(event, KEY)): 2_000})
    copy = record(1, event, milliseconds=9_000, **{"millrace-original-timestamp": b"1500"})
    assert [row["kind"] for row in rows(copy, moments=moments)] == [UNKNOWN_KIND]
