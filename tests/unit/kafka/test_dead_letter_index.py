"""What becomes of a letter: published at most once for its origin, in whatever order its records were written."""

from dataclasses import replace
from itertools import permutations, product
from typing import Any

import pytest

from kafka.dead_letters.index import DeadLetterIndex, LetterHead, by_reason
from kafka.dead_letters.letter import BUS, ERASED, PENDING, REPLAYED, SOURCE, DeadLetter, Origin
from kafka.position import BusPosition

POSITION = BusPosition("t", 2, 41)
LETTER = DeadLetter("landing", POSITION, "invalid_utf8", "byte 0", PENDING, 1234, b"k", b"v", [])


def index(*letters: DeadLetter) -> DeadLetterIndex:
    return DeadLetterIndex(LetterHead.of(letter, (0, offset)) for offset, letter in enumerate(letters))


def replayed_once(letters: list[DeadLetter]) -> list[DeadLetter]:
    """The topic after a replay of everything pending, and how often each origin was published."""
    ledger = index(*letters)
    origins = dict.fromkeys(head.origin for head in ledger.pending(None, None, None))
    return [
        replace(LETTER, stage=head.stage, position=head.origin.position, status=REPLAYED)
        for origin in origins
        for head in ledger.at(origin)
    ]


@pytest.mark.parametrize("stages", [("landing", "indexer"), ("landing", "landing"), ("mirror", "mirror")])
def test_any_order_of_records_gives_at_most_one_publication_an_origin(stages: tuple[str, str]) -> None:
    records = [replace(LETTER, stage=stage, status=s) for stage in set(stages) for s in (PENDING, REPLAYED, ERASED)]
    for length in range(1, 6):
        for written in product(records, repeat=length):
            is_final = any(letter.status != PENDING for letter in written)
            assert bool(replayed_once(list(written))) is not is_final, written


def test_refused_anew_between_replays_however_often_a_record_is_published_once() -> None:
    for stages in product(("landing", "indexer"), repeat=4):
        topic: list[DeadLetter] = []
        publications = 0
        for stage in stages:
            topic.append(replace(LETTER, stage=stage))
            marks = replayed_once(topic)
            publications += bool(marks)
            topic += marks
        assert publications == 1, stages


def test_the_order_of_the_partitions_of_the_topic_does_not_matter() -> None:
    written = [LETTER, replace(LETTER, stage="indexer", status=REPLAYED), replace(LETTER, status=ERASED)]
    for order in permutations(written):
        assert index(*order).status(LETTER.origin) == ERASED
        assert {head.status for head in index(*order).at(LETTER.origin)} == {ERASED}


def test_letters_of_the_mirror_and_of_the_bus_are_apart_though_topic_and_offset_are_the_same() -> None:
    mirrored = replace(LETTER, stage="mirror")
    both = index(replace(LETTER, status=REPLAYED), mirrored)
    assert [head.stage for head in both.pending(None, None, None)] == ["mirror"]
    assert both.status(Origin(BUS, POSITION)) == REPLAYED
    assert both.status(Origin(SOURCE, POSITION)) == PENDING
    assert [head.stage for head in both.at(Origin(BUS, POSITION))] == ["landing"]
    assert both.positions("mirror", "t") == both.positions("landing", "t") == {POSITION}
    assert both.positions("mirror", "another") == both.positions("indexer", "t") == set()


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, 3),
        ({"stage": "landing"}, 2),
        ({"reason": "not_json"}, 1),
        ({"stage": "indexer", "reason": "not_json"}, 0),
        ({"origin": Origin(BUS, POSITION)}, 2),
        ({"origin": Origin(SOURCE, POSITION)}, 0),
    ],
)
def test_filters_narrow_the_choice_together(filters: dict[str, Any], found: int) -> None:
    other = replace(LETTER, position=BusPosition("t", 0, 1), reason="not_json")
    chosen = index(LETTER, replace(LETTER, stage="indexer"), other)
    assert len(chosen.pending(**{"stage": None, "reason": None, "origin": None, **filters})) == found


def test_a_letter_written_twice_counts_once_and_the_newest_record_is_read() -> None:
    twice = index(LETTER, LETTER, replace(LETTER, stage="indexer", value=None))
    (first, second) = twice.pending(None, None, None)
    assert (first.stage, first.size, second.place, second.size) == ("indexer", None, (0, 1), 1)
    assert by_reason(twice) == {("landing", "invalid_utf8"): 1, ("indexer", "invalid_utf8"): 1}


def test_the_index_holds_nothing_of_the_records() -> None:
    held = index(replace(LETTER, value=b"secret" * 10, key=b"secret", headers=[("secret", b"secret")]))
    assert "secret" not in repr(list(held))


def test_a_source_that_was_made_anew_has_letters_of_its_own_at_the_same_position() -> None:
    former = replace(LETTER, stage="mirror", topic_id="former", value=b"1")
    present = replace(former, topic_id="present", value=b"other")
    ledger = index(former, replace(former, status=REPLAYED), present)
    assert [head.origin for head in ledger.pending("mirror", None, None)] == [present.origin]
    assert len(index(former, present).pending("mirror", None, None)) == 2
    assert len(index(former, present).pending(None, None, Origin(SOURCE, POSITION))) == 2
    assert ledger.origins(SOURCE, POSITION) == [former.origin, present.origin]
    assert ledger.positions("mirror", "t", "present") == {POSITION}
    assert index(former).positions("mirror", "t", "present") == set()
    assert index(replace(former, topic_id="")).positions("mirror", "t", "present") == {POSITION}
