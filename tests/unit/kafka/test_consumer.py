"""The order of a checkpoint, and what an error does to it."""

from dataclasses import replace
from threading import Event
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import AccessError, MillraceError, TerminalError, UnavailableError
from kafka.consumer import CONNECT_SECONDS, BusConsumer, ConsumerSetup
from kafka.dead_letter_reasons import EventError, Reason
from kafka.partition_queue import PartitionQueue
from kafka.sink import BusLog, Sink, StoreMark, Written

SETUP = ConsumerSetup({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}, "t", "g", "dead", 1, False, False, 5.0)


class Steps(Sink):
    """A sink, a consumer and a writer of dead letters that note in which order they are called."""

    stage = "landing"

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.failures: dict[str, list[Exception]] = {}

    def _take(self, step: str) -> None:
        self.taken.append(step)
        if self.failures.get(step):
            raise self.failures[step].pop(0)

    def setup(self, log: BusLog) -> None:
        self._take("setup")

    def write(self, batch: list[Message] | list[Any]) -> Written:
        if not isinstance(batch[0], Message):
            self._take("dead letters")
            return Written()
        self._take("sink")
        return Written(stored=1, dead=[(batch[0], EventError(Reason.NOT_JSON, "x"))])

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        return {}

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        self._take(f"reached { ({partition: mark.next_offset for partition, mark in reached.items()}) }")

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert not asynchronous
        self._take(f"commit {[(place.partition, place.offset) for place in offsets]}")

    def close(self) -> None:
        self._take("close")


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def consumer(steps: Steps) -> BusConsumer:
    consumer = BusConsumer(SETUP, steps, Event())
    consumer._consumer.close()
    consumer._consumer = cast(Consumer, steps)
    consumer._letters = cast(Any, steps)
    consumer._queues = {3: PartitionQueue(3, 10)}
    return consumer


@pytest.mark.parametrize(("patience", "connect"), [(3.0, 3.0), (300.0, CONNECT_SECONDS), (None, CONNECT_SECONDS)])
def test_a_bus_that_is_away_at_the_start_is_not_waited_for_beyond_patience(
    patience: float | None, connect: float
) -> None:
    assert replace(SETUP, patience_seconds=patience).connect_seconds == connect


def message(offset: int) -> Message:
    return Message(topic="t", partition=3, offset=offset, value=b"x", timestamp=(1, 1))


def write_all(consumer: BusConsumer) -> None:
    queue = consumer._queues[3]
    queue.add([message(10), message(11)])
    queue.write_next(consumer._write)


def test_sink_then_dead_letters_then_watermark_then_commit(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    consumer._checkpoint()
    assert steps.taken == ["sink", "dead letters", "reached {3: 12}", "commit [(3, 12)]"]
    assert (consumer.summary.stored, consumer.summary.dead) == (1, 1)


def test_offsets_are_committed_once(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    consumer._checkpoint()
    consumer._checkpoint()
    assert steps.taken.count("commit [(3, 12)]") == 1


def test_a_server_that_is_away_is_waited_for_and_makes_no_dead_letter(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures["sink"] = [UnavailableError("away"), UnavailableError("away")]
    write_all(consumer)
    assert steps.taken == ["sink", "sink", "sink", "dead letters"]


def test_nothing_is_committed_while_dead_letters_are_not_on_the_bus(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures["dead letters"] = [AccessError("no ACL")]
    with pytest.raises(AccessError):
        write_all(consumer)
    consumer._checkpoint()
    assert steps.taken == ["sink", "dead letters"]


def test_nothing_is_committed_while_the_watermark_is_not_stored(consumer: BusConsumer, steps: Steps) -> None:
    steps.failures["reached {3: 12}"] = [UnavailableError("away")]
    write_all(consumer)
    with pytest.raises(UnavailableError):
        consumer._checkpoint()
    consumer._checkpoint()
    assert steps.taken[2:] == ["reached {3: 12}", "reached {3: 12}", "commit [(3, 12)]"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (KafkaError.REBALANCE_IN_PROGRESS, UnavailableError),
        (KafkaError.ILLEGAL_GENERATION, UnavailableError),
        (KafkaError._TRANSPORT, UnavailableError),
        (KafkaError.GROUP_AUTHORIZATION_FAILED, AccessError),
        (KafkaError.OFFSET_METADATA_TOO_LARGE, TerminalError),
    ],
)
def test_a_refused_commit_is_made_again_only_where_that_can_help(
    consumer: BusConsumer, steps: Steps, code: int, kind: type[MillraceError]
) -> None:
    steps.failures["commit [(3, 12)]"] = [KafkaException(KafkaError(code))]
    write_all(consumer)
    with pytest.raises(kind):
        consumer._checkpoint()
    consumer._checkpoint()
    assert steps.taken[-1] == "commit [(3, 12)]"


def test_letting_go_of_partitions_commits_what_was_written(consumer: BusConsumer, steps: Steps) -> None:
    write_all(consumer)
    consumer._queues[3].add([message(12)])
    consumer._queues[3].write_next(lambda _: None)
    consumer._release(commit=True)
    assert steps.taken[-1] == "commit [(3, 13)]"
    assert consumer._queues == {}
