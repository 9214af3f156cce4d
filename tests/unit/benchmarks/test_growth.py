"""When a cost per event is said to be flat."""

import pytest

from benchmarks.growth import DayCost, last_to_first, seconds_per_event, slope


def test_days_of_any_size_that_cost_the_same_per_event_are_flat() -> None:
    days = [DayCost(events, events * 0.001) for events in (100, 250, 90, 400, 100, 300, 80, 210, 500, 60, 70, 330)]
    assert last_to_first(days) == pytest.approx(1.0)
    assert slope(days) == pytest.approx(0.0, abs=1e-12)


def test_the_last_five_days_are_held_against_the_first_five() -> None:
    days = [DayCost(100, seconds) for seconds in (1, 1, 1, 1, 1, 50, 2, 2, 2, 2, 2)]
    assert last_to_first(days) == pytest.approx(2.0)


def test_of_a_short_run_half_the_days_stand_at_either_end() -> None:
    assert last_to_first([DayCost(10, 1.0), DayCost(10, 3.0)]) == pytest.approx(3.0)


def test_the_slope_is_what_each_event_before_adds_to_an_event() -> None:
    costs = [DayCost(1_000, 1_000 * (1e-4 + 2e-9 * history)) for history in range(0, 10_000, 1_000)]
    assert slope(costs) == pytest.approx(2e-9)


def test_a_cost_per_event_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match="needs events"):
        seconds_per_event([DayCost(0, 1.0)])
