"""The whole consumer against a Kafka that fails when told to: it waits, goes on, and says what it cannot mend."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, Message

from kafka.consumer.bus_consumer import BusConsumer
from kafka.consumer.setup import ConsumerSetup
from kafka.lost_offsets import OffsetsLostError
from kafka.sinks.sink import BusLog, LostMarksError, Sink, StoreMark, Written
from kafka.topic_sight import TopicSight
from tests.forgotten import forgotten
from tests.mock_cluster import Api, MockCluster

SECONDS = 60.0
"""Longer than any wait here lasts."""


def same_topic(*_: object) -> "Future[SimpleNamespace]":
    answer: Future[SimpleNamespace] = Future()
    answer.set_result(SimpleNamespace(topic_id="same"))
    return answer


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockCluster]:
    # The mock cluster has no controller, whom the client asks for a topic's id.
    monkeypatch.setattr("kafka.consumer.topic_watch.topic_id", lambda *_: "same")
    monkeypatch.setattr("kafka.consumer.topic_watch.ask_topic_id", same_topic)
    monkeypatch.setattr("kafka.consumer.bus_consumer.asking", lambda *_: lambda: TopicSight("same", 1))
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.create_topic("dead", 1)
        yield cluster


class Store(Sink):
    """Keeps offsets, and a mark to begin with."""

    stage = "landing"

    def __init__(self, mark: StoreMark | None = None) -> None:
        self.mark = mark
        self.marked_at_first_write: StoreMark | None = None
        self.offsets: list[int | None] = []
        self.filled = Event()

    def setup(self, log: BusLog) -> None:
        """Nothing to check."""

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        return {} if self.mark is None else {0: self.mark}

    def write(self, batch: list[Message]) -> Written:
        self.marked_at_first_write = self.marked_at_first_write or self.mark
        self.offsets += [message.offset() for message in batch]
        self.filled.set()
        return Written(stored=len(batch))

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        self.mark = reached[0]

    def close(self) -> None:
        """Nothing to release."""


def setup_of(cluster: MockCluster) -> ConsumerSetup:
    return ConsumerSetup(cluster.client, "views", "landing", "dead", 1, False, False, SECONDS)


def produce(cluster: MockCluster, count: int) -> None:
    for _ in range(count):
        cluster.produce("views", 0, b"{}")


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_partition_is_marked_before_its_first_record_is_stored(cluster: MockCluster) -> None:
    """Killed in between, landing would leave records without a word of the topic that they are of."""
    produce(cluster, 5)
    store = Store()
    BusConsumer(setup_of(cluster), store, forgotten(), Event()).run()
    assert store.marked_at_first_write == StoreMark(0, "same")
    assert store.mark is not None
    assert store.mark.next_offset == 5


class Emptied(Store):
    """Once it has kept `until`, everything in it is lost: the marks, and what was stored."""

    def __init__(self, until: int) -> None:
        super().__init__()
        self._until = until
        self._is_known = True

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        self._is_known = True
        return super().marks(log)

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        if not self._is_known:
            raise LostMarksError("other marks")
        super().reached(log, reached)
        if reached[0].next_offset == self._until:
            self.mark, self.offsets, self._is_known = None, [], False


def test_a_store_that_is_lost_under_a_consumer_that_keeps_its_group_is_filled_again(cluster: MockCluster) -> None:
    produce(cluster, 5)
    store, stop = Emptied(until=5), Event()
    consumer = BusConsumer(replace(setup_of(cluster), follow=True), store, forgotten(), stop)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(consumer.run)
        try:
            wait_until(lambda: not store._is_known)
            produce(cluster, 3)
            wait_until(lambda: store.mark is not None and store.mark.next_offset == 8)
        finally:
            stop.set()
        running.result()
    assert set(store.offsets) == set(range(8))


def grown_over(cluster: MockCluster) -> Store:
    """A store that read to offset 8 in an epoch that ended at 5: another leader wrote what stands there now."""
    produce(cluster, 5)
    cluster.set_leader("views", 0, 1)
    produce(cluster, 10)
    return Store(StoreMark(8, "", leader_epoch=0))


def test_a_truncated_topic_that_has_grown_again_is_told_by_its_leader_epoch(cluster: MockCluster) -> None:
    store = grown_over(cluster)
    with pytest.raises(OffsetsLostError, match="offsets 5 to 7 are other records"):
        BusConsumer(setup_of(cluster), store, forgotten(), Event()).run()
    assert store.offsets == []


def test_what_is_skipped_of_a_truncated_topic_is_counted_and_nothing_is_doubled(cluster: MockCluster) -> None:
    store = grown_over(cluster)
    BusConsumer(replace(setup_of(cluster), skip_lost=True), store, forgotten(), Event()).run()
    assert store.offsets == list(range(8, 15))
    assert store.mark is not None
    assert (store.mark.next_offset, store.mark.skipped) == (15, 3)


@pytest.mark.parametrize(
    ("api", "code"),
    [
        (Api.OFFSET_FETCH, KafkaError.COORDINATOR_NOT_AVAILABLE),
        (Api.OFFSET_FETCH, KafkaError.REQUEST_TIMED_OUT),
        (Api.LIST_OFFSETS, KafkaError.KAFKA_STORAGE_ERROR),
        (Api.OFFSET_COMMIT, KafkaError.NOT_COORDINATOR),
        (Api.OFFSET_COMMIT, KafkaError.UNKNOWN_TOPIC_OR_PART),
    ],
)
def test_a_passing_error_of_any_look_up_or_commit_is_waited_for(cluster: MockCluster, api: Api, code: int) -> None:
    produce(cluster, 5)
    stop, store = Event(), Store()
    consumer = BusConsumer(replace(setup_of(cluster), follow=True, patience_seconds=None), store, forgotten(), stop)
    cluster.fail(api, *[code] * 2)
    problems: list[BaseException] = []

    def run() -> None:
        try:
            consumer.run()
        except BaseException as error:
            problems.append(error)
            store.filled.set()

    thread = Thread(target=run)
    thread.start()
    assert store.filled.wait(SECONDS)
    stop.set()
    thread.join(SECONDS)
    assert problems == []
    assert store.offsets == list(range(5))


def test_a_partition_that_was_paused_is_read_again_after_a_rebalance(cluster: MockCluster) -> None:
    """The client keeps a pause through assignments; the queue that knew of it is gone."""
    produce(cluster, 5)
    store, stop = Store(), Event()
    consumer = BusConsumer(replace(setup_of(cluster), follow=True), store, forgotten(), stop)
    behind = Event()
    consumer._pausing.behind = lambda waiting: set(waiting) if behind.is_set() else set()  # type: ignore[method-assign]
    thread = Thread(target=consumer.run)
    thread.start()
    assert store.filled.wait(SECONDS)
    queue = consumer._assignment.queues[0]
    behind.set()
    wait_until(lambda: queue.paused)
    cluster.fail(Api.HEARTBEAT, KafkaError.REBALANCE_IN_PROGRESS)
    wait_until(lambda: consumer._assignment.queues.get(0, queue) is not queue)
    behind.clear()
    produce(cluster, 5)
    wait_until(lambda: len(store.offsets) == 10)
    stop.set()
    thread.join(SECONDS)


class Crowd(Store):
    """Remembers how many workers were in it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.most = 0, 0

    def marks(self, log: BusLog) -> dict[int, StoreMark]:
        return {}

    def write(self, batch: list[Message]) -> Written:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.5)
        self.inside -= 1
        return super().write(batch)

    def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize(("objects", "at_once"), [(1, 2), (100_000, 1)])
def test_records_larger_than_a_batch_are_decoded_one_at_a_time(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, objects: int, at_once: int
) -> None:
    monkeypatch.setattr("kafka.consumer.bus_consumer.BATCH_BYTES", 1024 * 1024)
    cluster.create_topic("two", 2)
    for partition in (0, 1):
        cluster.produce("two", partition, b'{"a":[' + b"{}," * objects + b"{}]}")
    store = Crowd()
    setup = replace(setup_of(cluster), topic="two", workers=2)
    BusConsumer(setup, store, forgotten(), Event()).run()
    assert (len(store.offsets), store.most) == (2, at_once)


def test_a_coordinator_that_does_not_answer_is_told_and_holds_up_no_stop(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a network that takes what is sent and brings nothing back, from the first commit on."""
    monkeypatch.setattr("kafka.consumer.assignment.GROUP_SECONDS", 1.0)
    monkeypatch.setattr("kafka.consumer.bus_consumer.LEAVE_SECONDS", 1.0)
    produce(cluster, 3)

    class LastSeen(Store):
        def reached(self, log: BusLog, reached: dict[int, StoreMark]) -> None:
            super().reached(log, reached)
            if reached[0].next_offset == 3:
                cluster.set_round_trip(3_600_000)

    store, stop, ended = LastSeen(), Event(), Event()
    consumer = BusConsumer(replace(setup_of(cluster), follow=True, patience_seconds=None), store, forgotten(), stop)

    def run() -> None:
        consumer.run()
        ended.set()

    Thread(target=run, daemon=True).start()
    wait_until(lambda: "landing waits for its group" in caplog.text)
    stop.set()
    assert ended.wait(SECONDS)
    assert "left without a word" in caplog.text
    assert store.mark is not None
    assert store.mark.next_offset == 3


def test_what_the_start_has_waited_for_is_no_silence_of_the_bus(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A store, then the list of forgotten visitors may be away for long before the first record is asked for."""
    monkeypatch.setattr("kafka.waiting.SILENT_SECONDS", 0.0)
    produce(cluster, 5)
    now, store = time.monotonic, Store()
    with monkeypatch.context() as long_ago:
        long_ago.setattr(time, "monotonic", lambda: now() - 1_000_000)
        consumer = BusConsumer(setup_of(cluster), store, forgotten(), Event())
    consumer.run()
    assert store.offsets == list(range(5))
    assert "waits for its group" not in caplog.text
