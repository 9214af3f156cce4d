"""Dead letters: complete enough to publish the record again, and published once however many stages refused it."""

from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import Message

from kafka import dead_letters
from kafka.dead_letter_reasons import EventError, Reason
from kafka.dead_letters import PENDING, REPLAYED, DeadLetter, dead_letter_of, read_dead_letters
from kafka.position import BusPosition
from kafka.replay_dead_letters import Ledger

ORIGINAL = Message(
    topic="t",
    partition=2,
    offset=41,
    key=b"\xffkey",
    value=b"\xff{",
    headers=[("trace", b"\x00\xff"), ("none", None), ("trace", b"second")],
    timestamp=(1, 1234),
)
LETTER = dead_letter_of(ORIGINAL, "landing", EventError(Reason.INVALID_UTF8, "byte 0"))


def stored(letter: DeadLetter) -> Message:
    return Message(topic="dead", key=letter.record_key, value=letter.value, headers=letter.record_headers())


def test_a_dead_letter_survives_the_bus_with_everything_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "read_to_end", lambda *_: iter([stored(LETTER)]))
    (letter,) = read_dead_letters({}, "dead")
    assert letter == LETTER
    assert letter.value == b"\xff{"
    assert letter.key == b"\xffkey"
    assert letter.timestamp_ms == 1234
    assert letter.headers == [("trace", b"\x00\xff"), ("none", None), ("trace", b"second")]


def test_a_null_value_and_a_missing_key_stay_null(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(LETTER, value=None, key=None, headers=[])
    monkeypatch.setattr(dead_letters, "read_to_end", lambda *_: iter([stored(bare)]))
    assert list(read_dead_letters({}, "dead")) == [bare]


def test_a_letter_written_twice_has_one_key() -> None:
    assert LETTER.record_key == b"landing:t:00002:0000000000000000041"
    assert replace(LETTER, status=REPLAYED).record_key == LETTER.record_key
    assert replace(LETTER, stage="indexer").record_key != LETTER.record_key


def ledger(*letters: DeadLetter) -> Ledger:
    return Ledger({(letter.stage, letter.position): letter for letter in letters})


def test_only_pending_letters_are_replayed() -> None:
    done = replace(LETTER, status=REPLAYED, position=BusPosition("t", 0, 1))
    assert ledger(LETTER, done).pending(None, None, None) == [LETTER]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, 3),
        ({"stage": "landing"}, 2),
        ({"reason": "not_json"}, 1),
        ({"stage": "indexer", "reason": "not_json"}, 0),
        ({"position": BusPosition("t", 2, 41)}, 2),
    ],
)
def test_filters_narrow_the_choice_together(filters: dict[str, Any], found: int) -> None:
    other = replace(LETTER, position=BusPosition("t", 0, 1), reason="not_json")
    chosen = ledger(LETTER, replace(LETTER, stage="indexer"), other)
    assert len(chosen.pending(**{"stage": None, "reason": None, "position": None, **filters})) == found


def test_a_position_that_was_replayed_for_one_stage_is_not_published_again_for_another() -> None:
    replayed, late = replace(LETTER, status=REPLAYED), replace(LETTER, stage="indexer")
    both = ledger(replayed, late)
    assert both.pending(None, None, None) == [late]
    assert late.status == PENDING
    assert both.published(late.position)
    assert both.at(late.position) == [replayed, late]
