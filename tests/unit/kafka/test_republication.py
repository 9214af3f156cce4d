"""Replaying: what one record is refused for costs no other its replay, and memory is bounded by bytes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from kafka.dead_letter_reasons import KAFKA_RECORD_FAULTS
from kafka.dead_letters.index import DeadLetterIndex, LetterHead
from kafka.dead_letters.letter import (
    PENDING,
    REPLAY_HEADER,
    REPLAYED_INTO_HEADER,
    DeadLetter,
    Headers,
    replayed_from,
)
from kafka.dead_letters.republication import (
    BYTES_PER_TRANSACTION,
    RECORDS_PER_TRANSACTION,
    Republication,
    copy_headers,
    escaped_names,
    in_transactions,
)
from kafka.position import BusPosition
from kafka.record_time import ORIGINAL_TIMESTAMP_HEADER
from kafka.topics import TopicIdentity

OURS = TopicIdentity("cluster", "t", "ours")
LETTER = DeadLetter("mirror", BusPosition("t", 2, 0), "refused", "", PENDING, 1234, b"k", b"v", [("trace", b"1")])
Report = Callable[[KafkaError | None, Message], None]


class Destination:
    """A transactional producer whose broker refuses the whole of a request with a record that it does not take."""

    def __init__(self, refused: dict[int, int]) -> None:
        self.committed: list[tuple[str, int]] = []
        self.aborted = 0
        self._refused = refused
        self._open: list[tuple[str, int, Report]] = []

    def begin_transaction(self) -> None:
        assert not self._open

    def produce(self, topic: str, value: bytes, key: bytes, *partition: int, **options: Any) -> None:
        headers = dict(options["headers"])
        place = headers.get(REPLAY_HEADER) or headers["offset"]
        self._open.append((topic, int(place.rsplit(b":")[-1]), options["on_delivery"]))

    def flush(self, _: float) -> int:
        bad = [offset for topic, offset, _ in self._open if topic == "main" and offset in self._refused]
        for topic, offset, report in self._open if bad else []:
            if topic == "main":
                different = KafkaError._INVALID_DIFFERENT_RECORD
                report(KafkaError(self._refused.get(offset, different)), Message())
        return 0

    def commit_transaction(self, _: float) -> None:
        self.committed += [(topic, offset) for topic, offset, _ in self._open]
        self._open = []

    def abort_transaction(self, _: float) -> None:
        self.aborted += 1
        self._open = []


def letters(count: int) -> list[DeadLetter]:
    return [replace(LETTER, position=BusPosition("t", 2, offset)) for offset in range(count)]


def replaying(destination: Destination, some: list[DeadLetter]) -> Republication:
    index = DeadLetterIndex(LetterHead.of(letter, (0, number)) for number, letter in enumerate(some))
    return Republication(destination, OURS._replace(topic="main"), "dead", index, False)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [set(), {0}, {8}, {3, 4}, {0, 1, 2, 7}, set(range(9))])
@pytest.mark.parametrize("code", [KafkaError.INVALID_TIMESTAMP, KafkaError.MSG_SIZE_TOO_LARGE])
def test_a_refused_record_stays_pending_and_all_others_are_published_once(bad: set[int], code: int) -> None:
    destination, some = Destination(dict.fromkeys(bad, code)), letters(9)
    refusals = replaying(destination, some).publish(some)
    assert {refusal.letter.position.offset for refusal in refusals} == bad
    assert {refusal.error.code() for refusal in refusals} == ({code} if bad else set())
    sound = sorted(set(range(9)) - bad)
    assert sorted(destination.committed) == [(topic, offset) for topic in ("dead", "main") for offset in sound]


def test_a_failure_that_is_no_records_fault_ends_the_replay_with_nothing_published() -> None:
    destination, some = Destination({3: KafkaError._MSG_TIMED_OUT}), letters(5)
    with pytest.raises(KafkaException):
        Republication.publish(replaying(destination, some), some[3:4])
    assert destination.committed == []


def test_what_the_client_purges_after_a_rollback_is_written_again() -> None:
    class Purging(Destination):
        def flush(self, seconds: float) -> int:
            if self.aborted % 2:
                for _, _, report in self._open:
                    report(KafkaError(KafkaError._PURGE_QUEUE), Message())
                return 0
            return super().flush(seconds)

    destination, some = Purging({2: KafkaError.INVALID_TIMESTAMP}), letters(4)
    refusals = replaying(destination, some).publish(some)
    assert [refusal.letter.position.offset for refusal in refusals] == [2]
    assert sorted(destination.committed) == [(topic, offset) for topic in ("dead", "main") for offset in (0, 1, 3)]


def test_a_client_that_purges_for_ever_ends_the_replay() -> None:
    destination, some = Destination({0: KafkaError._PURGE_QUEUE}), letters(1)
    with pytest.raises(KafkaException):
        replaying(destination, some).publish(some)
    assert destination.committed == []


def test_transactions_are_bounded_by_records_and_by_bytes() -> None:
    assert [len(some) for some in in_transactions(letters(RECORDS_PER_TRANSACTION + 1))] == [500, 1]
    third, whole = b"x" * (BYTES_PER_TRANSACTION // 3), b"x" * (2 * BYTES_PER_TRANSACTION)
    sizes = [third, third, third, whole, b"small", third]
    groups = list(in_transactions(replace(LETTER, value=value, headers=[]) for value in sizes))
    assert [len(some) for some in groups] == [2, 1, 1, 2]
    assert list(in_transactions([])) == []


def test_letters_are_taken_one_transaction_at_a_time() -> None:
    taken = 0

    def stream() -> Any:
        nonlocal taken
        for letter in letters(5000):
            taken += 1
            yield letter

    groups = in_transactions(stream())
    next(groups)
    assert taken <= RECORDS_PER_TRANSACTION + 1


def copy_of(letter: DeadLetter, with_present_time: bool) -> Headers:
    return copy_headers(letter, OURS, with_present_time)


def marks_of(origin: str, log: str | None) -> Headers:
    marks: Headers = [(REPLAY_HEADER, origin.encode())]
    return marks if log is None else [*marks, (REPLAYED_INTO_HEADER, log.encode())]


def test_a_copy_names_where_it_came_from_and_keeps_its_own_headers() -> None:
    origin = b"source:t:00002:0000000000000000000"
    marks = [(REPLAY_HEADER, origin), (REPLAYED_INTO_HEADER, b"ours")]
    assert copy_of(LETTER, False) == [("trace", b"1"), *marks]
    again = replace(LETTER, stage="landing", headers=copy_of(LETTER, False), position=BusPosition("t", 2, 9))
    position = b"t:00002:0000000000000000009"
    assert copy_of(again, False)[1:] == [*marks, (REPLAY_HEADER, position), marks[1]]


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ([], None),
        (marks_of("A", "ours"), "A"),
        (marks_of("A", "theirs"), None),
        (marks_of("A", "theirs") + marks_of("B", "ours"), "B"),
        (marks_of("A", "ours") + marks_of("B", "ours"), "A"),
        # Of an earlier version, which named the topic otherwise, and of one that named none.
        (marks_of("A", "cluster:t"), "A"),
        (marks_of("A", "another:t"), None),
        (marks_of("A", "cluster:t.2"), None),
        (marks_of("A", None), "A"),
        (marks_of("A", None) + marks_of("B", "ours"), "A"),
        ([("trace", b"1"), *marks_of("A", "ours"), (ORIGINAL_TIMESTAMP_HEADER, b"1")], "A"),
        ([(REPLAY_HEADER, None), (REPLAYED_INTO_HEADER, b"ours")], None),
        ([(REPLAYED_INTO_HEADER, b"ours")], None),
        ([(REPLAY_HEADER, b"A"), (REPLAYED_INTO_HEADER, None)], None),
    ],
)
def test_only_what_was_published_again_into_this_topic_came_from_a_dead_letter(
    headers: Headers, origin: str | None
) -> None:
    message = Message(topic="t", partition=0, offset=7, headers=headers)
    assert replayed_from(message, OURS) == origin


@pytest.mark.parametrize("has_ids", [True, False])
def test_topics_of_one_name_are_told_apart_by_their_ids_and_by_their_clusters_where_they_have_none(
    has_ids: bool,
) -> None:
    ours = OURS if has_ids else OURS._replace(topic_id="")
    theirs = ours._replace(topic_id="theirs") if has_ids else ours._replace(cluster_id="another")
    for into, origin in ((ours, str(LETTER.origin)), (theirs, None)):
        message = Message(topic="t", partition=0, offset=7, headers=copy_headers(LETTER, into, False))
        assert replayed_from(message, ours) == origin


def test_a_copy_with_the_present_time_tells_its_first_own_time() -> None:
    headers = copy_of(LETTER, True)
    assert (ORIGINAL_TIMESTAMP_HEADER, b"1234") in headers
    again = replace(LETTER, headers=headers, timestamp_ms=1_999)
    assert [value for name, value in copy_of(again, True) if name == ORIGINAL_TIMESTAMP_HEADER] == [b"1234"]
    assert again.recorded_ms == 1_234


def test_a_header_that_tells_no_time_is_not_taken_for_the_first_own_time() -> None:
    strange = replace(LETTER, headers=[(ORIGINAL_TIMESTAMP_HEADER, b"soon")])
    assert (ORIGINAL_TIMESTAMP_HEADER, b"1234") in copy_of(strange, True)
    assert strange.recorded_ms == strange.timestamp_ms


def test_a_name_that_the_client_cannot_write_is_escaped_and_told() -> None:
    odd = replace(LETTER, headers=[(b"caf\xe9".decode("utf-8", "surrogateescape"), b"v"), ("a\0b", None)])
    assert copy_of(odd, False)[:2] == [("caf\\xe9", b"v"), ("a\\x00b", None)]
    assert escaped_names(odd) == ["caf\\xe9", "a\\x00b"]
    assert escaped_names(LETTER) == []


def test_a_destination_that_takes_no_more_is_waited_for() -> None:
    class Full(Destination):
        tries = 0

        def produce(self, *record: Any, **options: Any) -> None:
            self.tries += 1
            if self.tries % 2:
                raise BufferError
            super().produce(*record, **options)

        def poll(self, _: float) -> int:
            return 0

    destination, some = Full({}), letters(2)
    assert replaying(destination, some).publish(some) == []
    assert len(destination.committed) == 4


@pytest.mark.parametrize("code", sorted(KAFKA_RECORD_FAULTS))
def test_what_the_mirror_sets_aside_a_replay_sets_aside_too(code: int) -> None:
    destination, some = Destination({1: code}), letters(3)
    assert [refusal.letter for refusal in replaying(destination, some).publish(some)] == [some[1]]
    assert {offset for topic, offset in destination.committed if topic == "main"} == {0, 2}
