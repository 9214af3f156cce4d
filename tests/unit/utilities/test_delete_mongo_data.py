"""What the operator is told before the raw store is emptied."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Message

from config.errors import UnavailableError
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import ERASED, PENDING, DeadLetter, Headers
from kafka.position import BusPosition
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER
from tests.forgotten import forgotten
from utilities import delete_mongo_data
from utilities.delete_mongo_data import erased_on_the_bus, returning_letters
from utilities.stores.emptying import Emptying, hold_landing, let_landing_begin


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
def test_records_of_erased_dead_letters_are_looked_for_where_the_landing_reads_them_again(
    stage: str, status: str, place: Emptying, told: bool
) -> None:
    found = erased_on_the_bus(index(stage, status), [place])
    assert found == ([BusPosition("views", 2, 41)] if told else [])


def test_dead_letters_that_come_back_because_nothing_tells_whose_they_are_are_counted() -> None:
    def record(key: bytes | None, value: bytes, time: int = 7, **told: bytes) -> Message:
        headers: Headers = [(ORIGINAL_TIMESTAMP_HEADER, value) for value in told.values()]
        return Message(
            topic="views", partition=2, offset=41, key=key, value=value, timestamp=(1, time), headers=headers or None
        )

    listed = forgotten({"4711": 7})
    known = [record(b"4711", b"broken"), record(None, b'{"user_id_db":"4711","price":NaN}')]
    known.append(record(b"4711", b"broken", time=8, original=b"6"))
    assert returning_letters(known, listed) == ""
    unknown = [record(None, b"broken 4711"), record(b"4711", b"broken", time=8)]
    assert "2 dead letters of forgotten visitors" in returning_letters([*known, *unknown], listed)


class Hold:
    """Stands in for the collection that holds the landing off."""

    def __init__(self) -> None:
        self.row: dict[str, Any] | None = None

    def replace_one(self, place: dict[str, Any], row: dict[str, Any], upsert: bool) -> None:
        self.row = {**place, **row}

    def delete_one(self, wanted: dict[str, Any]) -> None:
        if self.row is not None and wanted.items() <= self.row.items():
            self.row = None


@pytest.mark.parametrize("broken_off_at", [None, "_reset_progress", "empty"])
def test_no_landing_begins_from_before_the_look_for_one_until_all_is_deleted(
    monkeypatch: pytest.MonkeyPatch, broken_off_at: str | None
) -> None:
    hold = Hold()
    held: list[bool] = []

    def step(name: str) -> int:
        held.append(hold.row is not None)
        if name == broken_off_at:
            raise UnavailableError(name)
        return 60

    for name in ("_reset_progress", "empty"):
        monkeypatch.setattr(delete_mongo_data, name, lambda *_, name=name: step(name))
    store = cast(Any, SimpleNamespace(hold=hold, landing_group="landing"))
    if broken_off_at is None:
        assert delete_mongo_data._delete({}, store, []) == 60
    else:
        with pytest.raises(UnavailableError, match=broken_off_at):
            delete_mongo_data._delete({}, store, [])
    assert all(held)
    # The server may still be deleting for one that was broken off.
    assert (hold.row is not None) == (broken_off_at == "empty")


def test_of_two_that_delete_the_first_to_end_does_not_let_the_landing_begin() -> None:
    store = cast(Any, SimpleNamespace(hold=Hold()))
    first, second = hold_landing(store), hold_landing(store)
    let_landing_begin(store, first)
    assert store.hold.row is not None
    let_landing_begin(store, second)
    assert store.hold.row is None


def test_documents_of_a_former_topic_are_said_to_be_lost() -> None:
    assert "views:2 has 0 of a former topic, which the landing does not read" in partition(0, is_read=False).why
