"""How a store's marks of a topic change."""

import pytest

from config.errors import TerminalError
from kafka.sinks.sink import BusLog, StoreMark
from kafka.sinks.store_marks import raised, refuse_another_log

KEPT = StoreMark(100, "id", leader_epoch=4, skipped=10)


@pytest.mark.parametrize(
    ("reached", "mark"),
    [
        (StoreMark(120, "id", 5, 10), StoreMark(120, "id", 5, 10)),
        (StoreMark(80, "id", 3, 10), KEPT),
        (StoreMark(120, "", None, 0), StoreMark(120, "id", 4, 10)),
        (StoreMark(30, "id", 6, 80), StoreMark(30, "id", 6, 80)),
    ],
)
def test_a_mark_falls_only_where_more_was_skipped_than_ever(reached: StoreMark, mark: StoreMark) -> None:
    assert raised(KEPT, reached) == mark


def test_the_first_mark_is_kept_as_it_is() -> None:
    assert raised(None, KEPT) == KEPT


def test_a_topic_made_anew_is_told_with_what_to_do() -> None:
    with pytest.raises(TerminalError, match=r"topic t was made anew since the store .*new-generation"):
        refuse_another_log(BusLog("t", "new"), [StoreMark(1, "new"), StoreMark(1, "old")], "the store")


@pytest.mark.parametrize(("asked", "kept"), [("id", "id"), ("", "id"), ("id", "")])
def test_a_topic_without_an_id_may_be_the_same(asked: str, kept: str) -> None:
    refuse_another_log(BusLog("t", asked), [StoreMark(1, kept)], "the store")
