"""Dead letters: complete enough to publish the record again, and written whatever becomes of the producer."""

import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from confluent_kafka import KafkaError, KafkaException, Message

from config.errors import AccessError, TerminalError, UnavailableError
from kafka.client import PRODUCER
from kafka.dead_letter_reasons import EventError, Reason
from kafka.dead_letters import letter as dead_letters
from kafka.dead_letters import writer as dead_letter_writer
from kafka.dead_letters.letter import (
    BUS,
    REPLAYED,
    SOURCE,
    DeadLetter,
    Origin,
    dead_letter_of,
    is_writable,
    parse_origin,
    read_placed,
)
from kafka.dead_letters.writer import DeadLetterWriter
from kafka.position import BusPosition

ORIGINAL = Message(
    topic="t",
    partition=2,
    offset=41,
    key=b"\xffkey",
    value=b"\xff{",
    headers=[("trace", b"\x00\xff"), ("none", None), ("trace", b"second"), ("stage", b"theirs"), ("status", b"\xff")],
    timestamp=(1, 1234),
)
LETTER = dead_letter_of(ORIGINAL, "landing", EventError(Reason.INVALID_UTF8, "byte 0"))


def stored(letter: DeadLetter, offset: int = 0) -> Message:
    headers = letter.record_headers()
    assert all(is_writable(name) for name, _ in headers)
    return Message(topic="dead", partition=0, offset=offset, key=letter.record_key, value=letter.value, headers=headers)


def read(monkeypatch: pytest.MonkeyPatch, *messages: Message) -> list[DeadLetter]:
    monkeypatch.setattr(dead_letters, "read_ranges", lambda *_: iter(messages))
    return [letter for _, letter in read_placed({}, "dead", {})]


def test_a_dead_letter_survives_the_bus_with_everything_of_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    (letter,) = read(monkeypatch, stored(LETTER))
    assert letter == LETTER
    assert letter.value == b"\xff{"
    assert letter.key == b"\xffkey"
    assert letter.timestamp_ms == 1234
    assert letter.headers == ORIGINAL.headers()


def test_a_null_value_and_a_missing_key_stay_null_and_empty_ones_stay_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(LETTER, value=None, key=None, headers=[])
    empty = replace(LETTER, value=b"", key=b"", headers=[("", b"")])
    assert read(monkeypatch, stored(bare), stored(empty)) == [bare, empty]


@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff\xfe", b"a\0b", b"\xed\xa0\x80", b"good"])
def test_header_names_of_any_bytes_are_kept_exactly(monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    headers: dead_letters.Headers = [
        (name.decode("utf-8", "surrogateescape"), b"\x00\xff"),
        ("none", None),
        ("caf\u00e9", b""),
        ("trace", b"1"),
    ]
    (letter,) = read(monkeypatch, stored(replace(LETTER, headers=headers)))
    assert letter.headers == headers
    assert letter.headers[0][0].encode("utf-8", "surrogateescape") == name


def test_a_record_that_is_no_letter_does_not_hide_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    stray = Message(topic="dead", partition=0, offset=1, value=b"x", headers=[("stage", b"landing")])
    assert read(monkeypatch, stray, stored(LETTER, 2)) == [LETTER]


def test_a_letter_written_twice_has_one_key() -> None:
    assert LETTER.record_key == b"landing:t:00002:0000000000000000041"
    assert replace(LETTER, status=REPLAYED).record_key == LETTER.record_key
    assert replace(LETTER, stage="indexer").record_key != LETTER.record_key


def test_positions_at_the_source_are_never_taken_for_positions_on_the_bus() -> None:
    mirrored = replace(LETTER, stage="mirror")
    assert mirrored.position == LETTER.position
    assert mirrored.origin == Origin(SOURCE, LETTER.position) != LETTER.origin == Origin(BUS, LETTER.position)
    anew = replace(mirrored, topic_id="Qx-_7")
    assert anew.record_key == b"mirror/Qx-_7:t:00002:0000000000000000041"
    of_the_api = replace(LETTER, stage="api")
    assert of_the_api.origin == Origin("api", LETTER.position)
    others = (Origin(BUS, BusPosition("source", 1, 2)), Origin(BUS, BusPosition("api", 1, 2)))
    for origin in (mirrored.origin, anew.origin, LETTER.origin, of_the_api.origin, *others):
        assert parse_origin(str(origin)) == origin
    for text in ("", "source:t", "t:1:2", "source:t:00002:41"):
        with pytest.raises(ValueError, match="not a bus position"):
            parse_origin(text)


Report = Callable[[KafkaError | None, Message], None]


class FakeProducer:
    """Delivers at each poll what `answers` says, by the order of the letters; an int is an error's code."""

    made: ClassVar[list["FakeProducer"]] = []
    answers: ClassVar[list[int | None]] = []
    refuses: int | None = None
    silent = False

    def __init__(self, _: Any) -> None:
        self.purged = False
        self.written: list[bytes] = []
        self._waiting: list[tuple[Report, int | None]] = []
        FakeProducer.made.append(self)

    def produce(self, _: str, __: bytes | None, key: bytes, on_delivery: Report, headers: Any) -> None:
        if self.refuses is not None:
            raise KafkaException(KafkaError(self.refuses))
        self.written.append(key)
        self._waiting.append((on_delivery, FakeProducer.answers.pop(0) if FakeProducer.answers else None))

    def poll(self, _: float) -> int:
        if self.silent:
            return 0
        waiting, self._waiting = self._waiting, []
        for report, code in waiting:
            report(None if code is None else KafkaError(code), ORIGINAL)
        return len(waiting)

    def purge(self) -> None:
        self.purged = True

    def __len__(self) -> int:
        return len(self._waiting)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> DeadLetterWriter:
    FakeProducer.made, FakeProducer.answers = [], []
    monkeypatch.setattr(FakeProducer, "silent", False)
    monkeypatch.setattr(FakeProducer, "refuses", None)
    monkeypatch.setattr(dead_letter_writer, "Producer", FakeProducer)
    return DeadLetterWriter({"bootstrap.servers": "bus:9092"}, "dead")


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._FATAL,
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
    ],
)
def test_a_producer_past_use_is_replaced_and_the_letters_are_written_by_the_next(
    writer: DeadLetterWriter, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeProducer.answers = [None, code]
    with pytest.raises(UnavailableError):
        writer.write([LETTER, replace(LETTER, stage="indexer")])
    monkeypatch.setattr(FakeProducer, "refuses", code)
    with pytest.raises(UnavailableError):  # as a producer answers after a fatal error
        writer.write([LETTER])
    monkeypatch.setattr(FakeProducer, "refuses", None)
    writer.write([LETTER])
    assert [producer.purged for producer in FakeProducer.made] == [True, True, False]
    assert FakeProducer.made[-1].written == [LETTER.record_key]
    writer.write([LETTER])
    assert len(FakeProducer.made) == 3


def test_letters_that_nobody_answers_for_are_taken_back_and_written_anew(
    writer: DeadLetterWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letter_writer, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(FakeProducer, "silent", True)
    with pytest.raises(UnavailableError, match="no answer"):
        writer.write([LETTER])
    monkeypatch.setattr(FakeProducer, "silent", False)
    monkeypatch.setattr(dead_letter_writer, "SILENCE_SECONDS", 30.0)
    writer.write([LETTER])
    assert [producer.purged for producer in FakeProducer.made] == [True, False]


def test_a_letter_too_large_for_its_topic_is_named_with_the_limit(writer: DeadLetterWriter) -> None:
    large = replace(LETTER, value=b"x" * 5000)
    FakeProducer.answers = [None, KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.MSG_SIZE_TOO_LARGE]
    with pytest.raises(TerminalError, match=r"t:00002:0+41, .* has 5,0\d\d bytes .* max.message.bytes of topic dead"):
        writer.write([LETTER, LETTER, large])


def test_what_waiting_does_not_mend_stops_the_stage(writer: DeadLetterWriter) -> None:
    FakeProducer.answers = [KafkaError.TOPIC_AUTHORIZATION_FAILED]
    with pytest.raises(AccessError):
        writer.write([LETTER])


@pytest.mark.parametrize(
    "module", ["kafka.dead_letters.writer", "kafka.replay_dead_letters", "utilities.stores.dead_letters"]
)
def test_what_one_has_written_each_other_can_write_again(module: str) -> None:
    """A letter that fits because it was compressed would else keep an erasure from ending."""
    assert importlib.import_module(module)._PRODUCER.items() >= PRODUCER.items()
