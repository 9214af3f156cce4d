"""What is printed of a query's runs."""

import pytest

from benchmarks.rounds import turn
from benchmarks.warehouse_queries import percentile


@pytest.mark.parametrize(("share", "value"), [(0.5, 10.0), (0.95, 19.0), (1.0, 20.0), (0.0, 1.0)])
def test_a_percentile_is_a_measured_value(share: float, value: float) -> None:
    assert percentile([float(number) for number in range(20, 0, -1)], share) == value


def test_the_95th_percentile_of_a_few_runs_is_the_slowest() -> None:
    assert percentile([3.0, 9.0, 1.0], 0.95) == 9.0


def test_every_side_begins_a_round_in_turn() -> None:
    assert [turn("abc", number)[0] for number in range(4)] == ["a", "b", "c", "a"]
    assert turn("abc", 1) == ["b", "c", "a"]
