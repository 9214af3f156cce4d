"""What the operator is told before the raw store is emptied."""

import pytest

from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import ERASED, PENDING, DeadLetter
from kafka.position import BusPosition
from utilities.delete_mongo_data import returning_letters
from utilities.stores.emptying import Emptying


def partition(low: int | None, is_read: bool = True) -> Emptying:
    return Emptying("views", 2, low, 50, 0, 0, 0, 0, None, is_read)


def index(stage: str, status: str) -> DeadLetterIndex:
    letter = DeadLetter(stage, BusPosition("views", 2, 41), "not_json", "", status, 7, None, None, [])
    return DeadLetterIndex([LetterHead.of(letter, (0, 0))])


@pytest.mark.parametrize(
    ("stage", "status", "place", "told"),
    [
        ("landing", ERASED, partition(0), True),
        ("landing", ERASED, partition(41), True),
        ("landing", ERASED, partition(42), False),
        ("landing", ERASED, partition(None), False),
        ("landing", ERASED, partition(0, is_read=False), False),
        ("landing", PENDING, partition(0), False),
        ("indexer", ERASED, partition(0), False),
    ],
)
def test_dead_letters_of_forgotten_visitors_that_come_back_are_counted(
    stage: str, status: str, place: Emptying, told: bool
) -> None:
    text = returning_letters(index(stage, status), [place])
    assert ("1 dead letters of forgotten visitors" in text) == told


def test_documents_of_a_former_topic_are_said_to_be_lost() -> None:
    assert "views:2 has 0 of a former topic, which the landing does not read" in partition(0, is_read=False).why
