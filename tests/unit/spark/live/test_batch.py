"""What a batch says of each partition, and what of its rows is counted."""

from decimal import Decimal
from typing import Any

import pyarrow as pa

from spark.live.batch import COLUMNS, Batch, Rules, _texts
from spark.live.orders import Total, total_of
from spark.live.rows import COUNTED_ROW
from spark.live.watermark import Read, reached_of
from spark.schemas import UNKNOWN_KIND

RULES = Rules(60, 120, 60, 30)
LINE = {"amount": "2", "price": "1.50", "currency": "EUR"}


def batch(*rows: dict[str, Any], now: int = 1_000_000) -> Batch:
    sound = {"bus_partition": 0, "kind": "view_home_page", "is_bot": False, "bus_seconds": 1_000, "event_seconds": 990}
    table = pa.Table.from_pylist([{"bus_topic": "views", **sound, **row} for row in rows], COUNTED_ROW)
    return Batch.of("views", "id", table, RULES, now)


def test_a_partition_is_read_up_to_its_last_record_whatever_that_is() -> None:
    found = batch(
        {"bus_offset": 7},
        {"bus_offset": 9, "kind": UNKNOWN_KIND, "event_seconds": None},
        {"bus_offset": 3, "bus_partition": 1, "event_seconds": 500},
    )
    assert found.read == {0: Read(7, 10, 990), 1: Read(3, 4, 500)}
    assert reached_of(found.read) == {0: 990, 1: 500}


def test_what_is_rejected_moves_no_partition() -> None:
    found = batch({"bus_offset": 7, "verdict": "time_in_future", "event_seconds": 9_000})
    assert reached_of(found.read) == {}


def test_an_event_ahead_of_the_bus_moves_its_partition_by_the_tolerance_alone() -> None:
    assert reached_of(batch({"bus_offset": 7, "event_seconds": 2_000}).read) == {0: 1_060}


def test_an_event_and_a_bus_that_are_both_ahead_move_their_partition_no_further_than_our_clock() -> None:
    ahead = {"bus_offset": 7, "event_seconds": 900_000, "bus_seconds": 900_000}
    assert reached_of(batch(ahead, now=2_000).read) == {0: 2_060}


def test_of_others_only_positions_are_taken() -> None:
    found = batch(
        {"bus_offset": 7, "kind": UNKNOWN_KIND, "event_seconds": None}, {"bus_offset": 8, "event_seconds": 61}
    )
    (row,) = _texts(found.rows, RULES.window_seconds)
    told = dict(zip(COLUMNS, row, strict=True))
    assert told["bus_offset"] == "8"
    assert told["window_start"] == "1970-01-01T00:01:00+00:00"
    assert told["event_time"] == "1970-01-01T00:01:01+00:00"


def test_a_cart_has_one_sum_in_one_currency_or_none() -> None:
    assert total_of([LINE, {**LINE, "amount": "1"}]) == Total("EUR", Decimal("4.50"))
    for other in ({"currency": None}, {"currency": "USD"}, {"price": None}, {"amount": None}):
        assert total_of([LINE, {**LINE, **other}]) is None
    assert total_of([]) is None
