"""The order of a checkpoint, and what an error does to it."""

from dataclasses import replace
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.consumer import assignment, bus_consumer
from kafka.consumer.assignment import Assignment
from kafka.consumer.bus_consumer import BusConsumer
from kafka.consumer.offset_commit import OffsetCommit
from kafka.consumer.outage import Outage
from kafka.consumer.partition_queue import PartitionQueue
from kafka.consumer.positions import Known
from kafka.consumer.setup import CONNECT_SECONDS, ConsumerSetup
from kafka.dead_letter_reasons import EventError, Reason
from kafka.dead_letters.letter import ERASED, PENDING, DeadLetter
from kafka.sinks.sink import BusLog, Sink, StoreMark, Written
from kafka.watchdog import Watchdog
from tests.forgotten import forgotten

SETUP = ConsumerSetup({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, "t", "g", "dead", 1, False, False, 5.0)


class Steps(Sink):
    """A sink, a consumer and a writer of dead letters that note in which order they are called."""

    stage = "landing"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.letters: list[DeadLetter] = []
        self.failures: dict[str, list[Exception]] = {}
        self.offset_commit = OffsetCommit()
        self.asked: list[TopicPartition] = []

    def _take(self, step: str) -> None:
        self.taken.append(step)
        if self.failures.get(step):
            raise self.failures[step].pop(0)

    def setup(self, log: BusLog) -> None:
        self._take("setup")

    def write(self, batch: list[Message] | list[Any]) -> Written:
        if not isinstance(batch[0], Message):
            self.letters += cast(list[DeadLetter], batch)
            self._take("dead letters")
            return Written()
        self._take("sink")
        return Written(stored=1, dead=[(batch[0], EventError(Reason.NOT_JSON, "x"))])

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        self._take("marks")
        return {}

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        self._take(f"reached {[(p, mark.next_offset, mark.leader_epoch) for p, mark in reached.items()]}")

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        self.asked = offsets
        self._take(f"commit {[(place.partition, place.offset, place.leader_epoch) for place in offsets]}")

    def answer(self, code: int | None = None) -> None:
        """The client's word on the last commit."""
        self.offset_commit.answered(None if code is None else KafkaError(code), self.asked)

    def close(self) -> None:
        self._take("close")


REACHED, COMMIT = "reached [(3, 12, 7)]", "commit [(3, 12, 7)]"


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def consumer(steps: Steps) -> BusConsumer:
    consumer = BusConsumer(SETUP, steps, forgotten({"4711": 1}), Event())
    consumer._consumer.close()
    consumer._consumer = cast(Consumer, steps)
    consumer._letters = cast(Any, steps)
    consumer._assignment = Assignment(SETUP, consumer._consumer, steps.offset_commit, steps, consumer._watch)
    consumer._assignment.queues = {3: PartitionQueue(3, 10)}
    return consumer


@pytest.mark.parametrize(("patience", "connect"), [(3.0, 3.0), (300.0, CONNECT_SECONDS), (None, CONNECT_SECONDS)])
def test_a_bus_that_is_away_at_the_start_is_not_waited_for_beyond_patience(
    patience: float | None, connect: float
) -> None:
    assert replace(SETUP, patience_seconds=patience).connect_seconds == connect


def test_a_store_that_is_slow_to_keep_marks_is_no_client_that_hangs(
    steps: Steps, consumer: BusConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    barked = Event()
    watchdog = Watchdog(0.2, barked.set)

    def slowly(*_: object) -> dict[int, StoreMark]:
        barked.wait(0.6)
        return {}

    monkeypatch.setattr(assignment, "WATCHDOG", watchdog)
    monkeypatch.setattr(consumer._watch, "confirm", lambda: None)
    unread = Known(TopicPartition("t", 3), None, None, None, 0, 5)
    monkeypatch.setattr(consumer._assignment, "_known", lambda _: [unread])
    consumer._assignment.queues[3].told_to = 9
    for slow in ("marks", "reached"):
        monkeypatch.setattr(steps, slow, slowly)
        with watchdog.guarding("landing"):
            consumer._assignment._starts()
            consumer._assignment.tell()
    assert not barked.is_set()


def test_a_client_that_hangs_at_the_last_commit_is_noticed(
    consumer: BusConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    barked = Event()
    monkeypatch.setattr(bus_consumer, "WATCHDOG", Watchdog(0.2, barked.set))
    for method in ("_retrying", "_poll", "_leave"):
        monkeypatch.setattr(consumer, method, lambda *_: None)
    monkeypatch.setattr(consumer._assignment, "subscribe", lambda: None)
    monkeypatch.setattr(consumer._assignment, "let_go", lambda commit: barked.wait(10.0))
    consumer.run()
    assert barked.is_set()


def test_a_batch_that_is_waited_for_when_its_partition_goes_is_no_client_that_hangs(
    consumer: BusConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    barked = Event()
    watchdog = Watchdog(0.2, barked.set)
    monkeypatch.setattr(assignment, "WATCHDOG", watchdog)
    monkeypatch.setattr(consumer._assignment.queues[3], "close", lambda _: not barked.wait(0.3))
    with watchdog.guarding("landing"):
        consumer._assignment.let_go(commit=False)
    assert not barked.is_set()


def message(offset: int, value: bytes = b"x", key: bytes | None = None, time: int = 1) -> Message:
    return Message(topic="t", partition=3, offset=offset, value=value, key=key, timestamp=(1, time), leader_epoch=7)


def write_all(consumer: BusConsumer) -> None:
    queue = consumer._assignment.queues[3]
    queue.add([message(10), message(11)])
    queue.write_next(lambda batch: consumer._write(batch, queue.closing))


def tell(consumer: BusConsumer, steps: Steps, *answers: int | None) -> None:
    """Tell all that is written; the bus answers each commit before the next round, with None once out of answers."""
    left = iter(answers)
    while not consumer._assignment.tell():
        consumer._assignment._telling._next_try = 0.0
        steps.answer(next(left, None))


def test_sink_then_dead_letters_then_watermark_then_commit(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    tell(consumer, steps)
    assert steps.taken == ["sink", "dead letters", REACHED, COMMIT]
    assert (consumer.summary.stored, consumer.summary.dead) == (1, 1)


def test_offsets_are_committed_once(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    tell(consumer, steps)
    assert consumer._assignment.tell()
    assert steps.taken.count(COMMIT) == 1


def test_a_server_that_is_away_is_waited_for_and_makes_no_dead_letter(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures["sink"] = [UnavailableError("away"), UnavailableError("away")]
    write_all(consumer)
    assert steps.taken == ["sink", "sink", "sink", "dead letters"]


def test_nothing_is_committed_while_dead_letters_are_not_on_the_bus(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures["dead letters"] = [AccessError("no ACL")]
    with pytest.raises(AccessError):
        write_all(consumer)
    assert consumer._assignment.tell()
    assert steps.taken == ["sink", "dead letters"]


@pytest.mark.parametrize(
    ("record", "status"),
    [
        (message(10, b'{"user_id_db":"4711", broken', b"4711"), ERASED),
        (message(10, b'{"user_id_db":"4711","price":NaN}'), ERASED),
        (message(10, b'{"user_id_db":"4711","price":NaN}', time=2), PENDING),
        (message(10, b'{"user_id_db":"4711", broken'), PENDING),
        (message(10, b'{"user_id_db":"12","price":NaN}', b"4711"), PENDING),
    ],
)
def test_the_dead_letter_of_a_forgotten_visitors_record_has_nothing_of_it(
    consumer: BusConsumer, steps: Steps, record: Message, status: str
) -> None:
    consumer._write([record], Event())
    (letter,) = steps.letters
    assert letter.status == status
    assert (letter.value, letter.key) == ((None, None) if status == ERASED else (record.value(), record.key()))


def test_no_batch_is_written_while_the_list_of_forgotten_visitors_cannot_be_read(
    consumer: BusConsumer, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise TerminalError("run ./millrace up")

    monkeypatch.setattr(consumer._forgotten, "refresh", refuse)
    queue = consumer._assignment.queues[3]
    queue.add([message(10)])
    consumer._work(queue, cast(Any, None))
    with pytest.raises(TerminalError, match="millrace up"):
        consumer._raise_failure()
    assert steps.taken == []


def test_nothing_is_committed_while_the_watermark_is_not_stored(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures[REACHED] = [UnavailableError("away")]
    write_all(consumer)
    tell(consumer, steps)
    assert steps.taken[2:] == [REACHED, REACHED, COMMIT]


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError._TRANSPORT,
        KafkaError._WAIT_COORD,
        # A topic that is being made anew: whether it is, the watch tells.
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    ],
)
def test_a_refused_commit_is_made_again_where_that_can_help(consumer: BusConsumer, steps: Steps, code: int) -> None:
    write_all(consumer)
    tell(consumer, steps, code)
    assert steps.taken[2:] == [REACHED, COMMIT] * 2


def test_a_commit_that_the_client_itself_refuses_is_made_again(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures[COMMIT] = [KafkaException(KafkaError(KafkaError._STATE))]
    write_all(consumer)
    tell(consumer, steps)
    assert steps.taken[2:] == [REACHED, COMMIT] * 2


def test_no_second_commit_is_asked_for_while_one_is_not_answered_and_a_late_answer_counts(
    consumer: BusConsumer, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka.consumer.offset_commit.COMMIT_SECONDS", 0.0)
    write_all(consumer)
    for _ in range(3):
        assert not consumer._assignment.tell()
        consumer._assignment._telling._next_try = 0.0
    assert steps.taken.count(COMMIT) == 1
    steps.answer()
    assert consumer._assignment.tell()


def test_patience_ends_with_a_commit_that_is_not_answered(
    consumer: BusConsumer, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kafka.consumer.offset_commit.COMMIT_SECONDS", 0.0)
    consumer._assignment._telling = Outage("landing waits to commit offsets", 0.0)
    write_all(consumer)
    with pytest.raises(UnavailableError, match="no answer to a commit"):
        while not consumer._assignment.tell():
            consumer._assignment._telling._next_try = 0.0


@pytest.mark.parametrize("step", [REACHED, COMMIT])
def test_patience_ends_with_a_step_that_fails_at_every_try(consumer: BusConsumer, steps: Steps, step: str) -> None:
    failure = UnavailableError("away") if step == REACHED else KafkaException(KafkaError(KafkaError._TRANSPORT))
    steps.failures[step] = [failure] * 1_000_000
    consumer._assignment._telling = Outage("landing waits to commit offsets", 0.05)
    write_all(consumer)
    with pytest.raises(UnavailableError):
        tell(consumer, steps)
    assert len(steps.failures[step]) > 0


def test_patience_ends_with_a_commit_that_is_refused_at_every_try(consumer: BusConsumer, steps: Steps) -> None:
    consumer._assignment._telling = Outage("landing waits to commit offsets", 0.05)
    write_all(consumer)
    with pytest.raises(UnavailableError):
        tell(consumer, steps, *[KafkaError.NOT_COORDINATOR] * 100_000)


def test_a_partition_that_is_refused_alone_is_committed_again(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    assert not consumer._assignment.tell()
    refused = SimpleNamespace(partition=3, offset=12, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    steps.offset_commit.answered(None, [cast(TopicPartition, refused)])
    tell(consumer, steps)
    assert steps.taken[2:] == [REACHED, COMMIT] * 2


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.GROUP_AUTHORIZATION_FAILED, AccessError),
        (KafkaError.INVALID_GROUP_ID, TerminalError),
    ],
)
def test_a_commit_that_only_a_person_can_make_possible_ends_the_run(
    consumer: BusConsumer, steps: Steps, code: int, kind: type[MillraceError]
) -> None:
    write_all(consumer)
    with pytest.raises(kind):
        tell(consumer, steps, code)


def test_letting_go_of_partitions_commits_what_was_written(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    queue = consumer._assignment.queues[3]
    queue.add([message(12)])
    queue.write_next(lambda _: None)
    consumer._assignment.let_go(commit=True)
    assert steps.taken[-1] == "commit [(3, 13, 7)]"
    assert consumer._assignment.queues == {}


def test_nothing_is_committed_of_a_topic_that_was_made_anew(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    consumer._watch.same = False
    consumer._assignment.let_go(commit=True)
    assert steps.taken == ["sink", "dead letters"]


def test_a_partition_is_let_go_of_at_once_while_its_store_is_away(consumer: BusConsumer, steps: Steps) -> None:
    queue = consumer._assignment.queues[3]
    steps.failures["sink"] = [UnavailableError("away")] * 100
    queue.add([message(10)])
    steps.failures["sink"][0] = LetGoError(queue)
    consumer._work(queue, cast(Any, None))
    assert steps.taken == ["sink"]
    assert consumer._failure is None
    assert queue.written_to == 10


class LetGoError(UnavailableError):
    """The store is away, and as it says so the partition is taken away."""

    def __init__(self, queue: PartitionQueue) -> None:
        queue.closing.set()
        super().__init__("away")


def test_the_first_failure_of_the_workers_is_the_one_told(consumer: BusConsumer, steps: Steps) -> None:
    for number, problem in enumerate((TerminalError("the cause"), TerminalError("what came of it"))):
        queue = PartitionQueue(number, 0)
        queue.add([message(0)])
        steps.failures["sink"] = [problem]
        consumer._work(queue, cast(Any, None))
    with pytest.raises(TerminalError, match="the cause"):
        consumer._raise_failure()
