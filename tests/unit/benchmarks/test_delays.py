"""How long events were under way, as it is read from totals."""

import pytest

from benchmarks.delays import Arrivals, ToldByMessages, delays
from benchmarks.live import Measured
from benchmarks.live_events import live_events


def arrivals(*told: tuple[float, int]) -> Arrivals:
    found = Arrivals()
    for at, total in told:
        found.add(at, total)
    return found


def message(kind: str, *points: list[object], metric: str = "valid", dimension: str = "") -> dict[str, object]:
    series = {"feed": "product_views", "metric": metric, "dimension": dimension, "points": list(points)}
    return {"type": kind, "series": [series]}


def test_an_event_arrives_with_the_first_total_that_covers_it() -> None:
    assert delays([0.0, 1.0, 2.0, 3.0], arrivals((2.5, 2), (4.0, 4)), 10.0) == [2.5, 1.5, 2.0, 1.0]


def test_an_event_that_has_not_come_took_at_least_until_the_end() -> None:
    assert delays([0.0, 1.0, 2.0], arrivals((1.5, 1)), 10.0) == [1.5, 9.0, 8.0]
    assert delays([0.0, 4.0], arrivals(), 10.0) == [10.0, 6.0]


def test_what_was_there_before_is_not_counted() -> None:
    assert delays([5.0, 6.0], arrivals((1.0, 100), (5.5, 101), (7.0, 102)).beyond(100), 10.0) == [0.5, 1.0]


def test_a_total_that_goes_down_takes_no_arrival_back() -> None:
    seen = arrivals((1.0, 3), (2.0, 1), (3.0, 3), (4.0, 5))
    assert (seen.times, seen.totals) == ([1.0, 4.0], [3, 5])
    assert [seen.by(at) for at in (0.5, 1.0, 3.9, 4.0)] == [0, 3, 3, 5]


def test_a_message_replaces_the_windows_that_it_names_and_adds_those_that_are_new() -> None:
    told = ToldByMessages()
    assert told.take(message("snapshot", [60, 10.0, True], [120, 5.0, False])) == 15
    assert told.take(message("delta", [120, 9.0, False], [180, 2.0, False])) == 21
    assert told.take({"type": "tick"}) == 21
    assert told.take(message("delta", [180, 1.0, False], metric="duplicates")) == 22


@pytest.mark.parametrize(("metric", "dimension"), [("views", ""), ("invalid", "reason")])
def test_only_verdicts_count_and_each_once(metric: str, dimension: str) -> None:
    assert ToldByMessages().take(message("snapshot", [60, 10.0, True], metric=metric, dimension=dimension)) == 0


def test_a_rate_is_held_where_no_place_is_far_behind() -> None:
    produced = [number / 10 for number in range(200)]
    kept_up, late = arrivals((19.0, 190)), arrivals((19.0, 60), (50.0, 200))
    measured = Measured(10.0, 20.0, produced, {"one": kept_up, "other": late}, 20.0, 60.0, {})
    assert not measured.is_held
    assert (measured.slowest, measured.behind("other"), measured.throughput("other")) == ("other", 14.0, 4.0)
    assert Measured(10.0, 20.0, produced, {"one": kept_up}, 20.0, 60.0, {}).is_held


def test_an_event_of_now_differs_from_the_generated_one_in_its_time_alone() -> None:
    event = next(live_events(50))
    assert event.at(1_800_000_000.9) == event.head + b"1800000000" + event.tail
    assert event.head.endswith(b'"time_stamp":') and event.tail.startswith(b",")
