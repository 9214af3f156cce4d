"""What is judged again has to be in the raw store."""

import pytest

from spark.ranges import Portion
from spark.retained import RawEventsLostError, refuse_unread

REJECTED = [Portion("t", 0, 1, [3, 7]), Portion("t", 0, 2, [12]), Portion("t", 1, 2, [0])]


def test_rejected_events_of_every_kind_that_are_all_read_are_judged_again() -> None:
    refuse_unread(REJECTED, {("t", 0, "checkout"): 1, ("t", 0, "unknown"): 2, ("t", 1, "checkout"): 1})
    refuse_unread([], {})


@pytest.mark.parametrize(("first", "second"), [(2, 1), (4, 0), (0, 0)])
def test_a_rejected_event_that_cannot_be_read_is_not_taken_out(first: int, second: int) -> None:
    with pytest.raises(RawEventsLostError, match="land them first"):
        refuse_unread(REJECTED, {("t", 0, "checkout"): first, ("t", 1, "checkout"): second})
