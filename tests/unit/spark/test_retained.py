"""What is judged again has to be in the raw store."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pytest

from kafka.position import bus_position
from spark.ranges import Portion
from spark.retained import RawEventsLostError, refuse_unread, without_lost

REJECTED = [Portion("t", 0, 1, [3, 7]), Portion("t", 0, 2, [12]), Portion("t", 1, 2, [0])]


def test_rejected_events_of_every_kind_that_are_all_read_are_judged_again() -> None:
    refuse_unread(REJECTED, {("t", 0, "checkout"): 1, ("t", 0, "unknown"): 2, ("t", 1, "checkout"): 1})
    refuse_unread([], {})


@pytest.mark.parametrize(("first", "second"), [(2, 1), (4, 0), (0, 0)])
def test_a_rejected_event_that_cannot_be_read_is_not_taken_out(first: int, second: int) -> None:
    with pytest.raises(RawEventsLostError, match="land them first"):
        refuse_unread(REJECTED, {("t", 0, "checkout"): first, ("t", 1, "checkout"): second})


class Store:
    """Stands in for the raw store without these positions of partition 0."""

    def __init__(self, *lost: int) -> None:
        self._lost = {bus_position("t", 0, offset) for offset in lost}

    def lacks(self, keys: Iterable[str]) -> Iterator[str]:
        return (key for key in keys if key in self._lost)


def test_rejected_events_that_were_lost_stay_rejected_and_the_others_are_judged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert without_lost(REJECTED, cast(Any, Store())) == REJECTED
    assert caplog.text == ""
    assert without_lost(REJECTED, cast(Any, Store(3, 12))) == [Portion("t", 0, 1, [7]), Portion("t", 1, 2, [0])]
    assert "events=2" in caplog.text
