"""The consumer that landing and indexing share: one poll loop, worker threads, one sink.

The order of a checkpoint: a worker writes a batch to the sink, then its dead letters to their topic; the poll loop
then tells the sink how far each partition is written without a gap, and last commits those offsets. A process
killed anywhere in between reads again what it had written, and the sink knows it by its bus position.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Lock

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, stop_never, wait_exponential_jitter
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_any, stop_when_event_set

from config.errors import MillraceError, UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, describe_topic, explain
from kafka.dead_letter_writer import DeadLetterWriter
from kafka.dead_letters import dead_letter_of
from kafka.lost_offsets import OffsetsLostError
from kafka.partition_queue import BATCH_RECORDS, PartitionQueue
from kafka.progress import ProgressReport
from kafka.sink import BusLog, Sink, StoreMark
from kafka.topics import topic_id

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.1
COMMIT_SECONDS = 1.0
DRAIN_SECONDS = 30.0
CONNECT_SECONDS = 30.0
QUEUED_BATCHES = 2
"""A partition is paused with this many batches waiting, and resumed with fewer."""

CONSUMER: ClientConfig = {
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # An offset that retention has passed means loss: it must stop the consumer, not reset it.
    "auto.offset.reset": "error",
    # A killed consumer's partitions are free again after this time: the least that brokers allow.
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 2000,
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 24 * 1024,
}
_PASSING = {
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._ASSIGNMENT_LOST,
    KafkaError._STATE,
}
"""A commit refused with these is made again after the rebalance, by whoever owns the partition then."""


@dataclass(frozen=True)
class ConsumerSetup:
    """What a run consumes, and how patiently. `patience_seconds` None retries for ever."""

    config: ClientConfig
    topic: str
    group: str
    dead_letter_topic: str
    workers: int
    follow: bool
    skip_lost: bool
    patience_seconds: float | None

    @property
    def connect_seconds(self) -> float:
        """How long the bus may take to answer at the start."""
        return CONNECT_SECONDS if self.patience_seconds is None else min(self.patience_seconds, CONNECT_SECONDS)


@dataclass
class Summary:
    """What a run did, in records."""

    stored: int = 0
    already: int = 0
    dead: int = 0

    @property
    def records(self) -> int:
        """All records read and settled."""
        return self.stored + self.already + self.dead


class BusConsumer:
    """Runs one sink over the assigned partitions of one topic."""

    def __init__(self, setup: ConsumerSetup, sink: Sink, stop: Event) -> None:
        self.summary = Summary()
        self._setup = setup
        self._sink = sink
        self._stop = stop
        self._refused = RefusedLogin()
        self._doing = f"reading topic {setup.topic} at {setup.config['bootstrap.servers']} in group {setup.group}"
        self._consumer = Consumer({**setup.config, **CONSUMER, "group.id": setup.group}, error_cb=self._refused)
        self._letters = DeadLetterWriter(setup.config, setup.dead_letter_topic)
        self._log = BusLog(setup.topic, "")
        self._ends: dict[int, int] = {}
        self._queues: dict[int, PartitionQueue] = {}
        self._assigned = False
        self._failure: BaseException | None = None
        self._counting = Lock()
        self._last_progress = time.monotonic()

    def run(self) -> Summary:
        """Consume until the ends as of now, or for ever with `follow`, or until `stop`.

        Raises AccessError, TerminalError, or UnavailableError once patience has ended; what was written without a
        gap until then is committed.
        """
        self._look_at_topic()
        patience = self._setup.patience_seconds
        waiting = f"{self._sink.stage} waits for its store"
        self._retrying(waiting, patience and self._setup.connect_seconds)(self._sink.setup, self._log)
        threads = ThreadPoolExecutor(self._setup.workers, thread_name_prefix=self._sink.stage)
        try:
            self._consumer.subscribe(
                [self._setup.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            self._poll(threads)
        except KafkaException as error:
            raise explain(self._refused.error or error, self._doing) from error
        finally:
            self._stop.set()
            self._release(commit=True)
            threads.shutdown()
            self._consumer.close()
            self._sink.close()
        return self.summary

    def _look_at_topic(self) -> None:
        topic = self._setup.topic
        try:
            found = describe_topic(self._consumer, topic, self._refused, self._doing, self._setup.connect_seconds)
            for partition in found.partitions:
                _, self._ends[partition] = self._range(partition)
        except KafkaException as error:
            raise explain(self._refused.error or error, self._doing) from error
        self._log = BusLog(topic, topic_id(AdminClient(dict(self._setup.config)), topic))

    def _poll(self, threads: ThreadPoolExecutor) -> None:
        next_commit = time.monotonic() + COMMIT_SECONDS
        with ProgressReport(self._sink.stage, None) as report:
            while not self._stop.is_set() and not self._finished():
                self._read(threads)
                self._balance()
                if time.monotonic() >= next_commit:
                    self._try_checkpoint()
                    report.update(self.summary.records, self._lag())
                    next_commit = time.monotonic() + COMMIT_SECONDS
                self._raise_failure()
        self._raise_failure()
        if not self._stop.is_set():
            self._retrying("the last offsets wait to be committed", self._setup.patience_seconds)(self._checkpoint)

    def _read(self, threads: ThreadPoolExecutor) -> None:
        """Hand what one round gives to the workers."""
        records: dict[int, list[Message]] = {}
        events: list[Message] = []
        for message in self._consumer.consume(BATCH_RECORDS, POLL_SECONDS):
            if message.error() is None:
                records.setdefault(message.partition() or 0, []).append(message)
            else:
                events.append(message)
        for partition, added in records.items():
            # A rebalance inside consume() may have taken the partition away from records already fetched.
            if partition in self._queues and self._queues[partition].add(added):
                threads.submit(self._work, self._queues[partition], threads)
        # After the records: the end of a partition is told together with the records before it.
        for event in events:
            self._heed(event)
        if records or events:
            self._last_progress = time.monotonic()
        elif self._refused.error is not None:
            raise explain(self._refused.error, self._doing)
        elif self._silent():
            raise UnavailableError(f"{self._doing} gives no more records; is the server running?")

    def _heed(self, message: Message) -> None:
        error, partition = message.error(), message.partition()
        if error is None or partition is None:
            return
        if error.code() == KafkaError._PARTITION_EOF:
            if partition in self._queues:
                self._queues[partition].read_past(message.offset() or 0)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            low, high = self._range(partition)
            raise OffsetsLostError(self._setup.topic, partition, self._queues[partition].written_to, low, high)
        elif not isinstance(problem := explain(error, self._doing), UnavailableError):
            raise problem

    def _silent(self) -> bool:
        """Whether the bus has said nothing for longer than patience lasts, while the workers had nothing to do."""
        if self._setup.patience_seconds is None or any(queue.pending for queue in self._queues.values()):
            self._last_progress = time.monotonic()
        return time.monotonic() - self._last_progress > (self._setup.patience_seconds or 0) + CONNECT_SECONDS

    def _balance(self) -> None:
        """Pause partitions whose workers are behind, resume those that caught up."""
        for queue in self._queues.values():
            behind = queue.pending >= QUEUED_BATCHES * BATCH_RECORDS
            if behind != queue.paused:
                place = [TopicPartition(self._setup.topic, queue.partition)]
                (self._consumer.pause if behind else self._consumer.resume)(place)
                queue.paused = behind

    def _finished(self) -> bool:
        if self._setup.follow or not self._assigned:
            return False
        return all(queue.has_written(self._ends.get(partition, 0)) for partition, queue in self._queues.items())

    def _lag(self) -> int:
        return sum(max(self._end(queue.partition) - queue.written_to, 0) for queue in list(self._queues.values()))

    def _end(self, partition: int) -> int:
        if not self._setup.follow:
            return self._ends.get(partition, 0)
        _, newest = self._consumer.get_watermark_offsets(TopicPartition(self._setup.topic, partition), cached=True)
        return newest

    def _work(self, queue: PartitionQueue, threads: ThreadPoolExecutor) -> None:
        """Write one batch and stand in line again, so that no partition waits for another's whole backlog."""
        try:
            if queue.write_next(self._write):
                threads.submit(self._work, queue, threads)
        except Exception as error:
            if not (self._stop.is_set() and isinstance(error, UnavailableError)):
                self._failure = error

    def _write(self, batch: list[Message]) -> None:
        """Write a batch and its dead letters, waiting for servers that are away."""
        stage, patience = self._sink.stage, self._setup.patience_seconds
        written = self._retrying(f"{stage} waits for its store", patience)(self._sink.write, batch)
        if written.dead:
            letters = [dead_letter_of(message, stage, error) for message, error in written.dead]
            self._retrying(f"{stage} waits for the bus", patience)(self._letters.write, letters)
        with self._counting:
            self.summary.stored += written.stored
            self.summary.already += written.already
            self.summary.dead += len(written.dead)

    def _retrying(self, waiting: str, patience: float | None) -> Retrying:
        limit = stop_never if patience is None else stop_after_delay(patience)
        return Retrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=wait_exponential_jitter(multiplier=0.5, max=10),
            stop=stop_any(limit, stop_when_event_set(self._stop)),
            sleep=sleep_using_event(self._stop),
            before_sleep=lambda state: logger.warning(
                "%s attempt=%d reason=%s", waiting, state.attempt_number, state.outcome and state.outcome.exception()
            ),
            reraise=True,
        )

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _checkpoint(self) -> None:
        """Tell the sink, then commit; raises UnavailableError when that has to be done again later."""
        reached = {q.partition: q.written_to for q in self._queues.values() if q.written_to > q.committed}
        if not reached:
            return
        marks = {partition: StoreMark(offset, self._log.topic_id) for partition, offset in reached.items()}
        self._sink.reached(self._log, marks)
        offsets = [TopicPartition(self._setup.topic, partition, offset) for partition, offset in reached.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            if error.args[0].code() in _PASSING:
                raise UnavailableError(f"{self._doing}: the group is being rearranged ({error})") from error
            raise explain(error, f"{self._doing}, committing offsets") from error
        for partition, offset in reached.items():
            self._queues[partition].committed = offset

    def _try_checkpoint(self) -> None:
        try:
            self._checkpoint()
        except UnavailableError as error:
            logger.warning("offsets are committed later reason=%s", error)

    def _release(self, commit: bool) -> None:
        """Let go of all partitions: finish the batches under way, commit what is written, forget the rest."""
        deadline = time.monotonic() + DRAIN_SECONDS
        for queue in self._queues.values():
            if not queue.close(max(deadline - time.monotonic(), 0)):
                logger.warning("a batch under way is left behind uncommitted partition=%d", queue.partition)
        try:
            if commit:
                self._checkpoint()
        except MillraceError as error:
            logger.warning("offsets are not committed reason=%s", error)
        self._queues = {}

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        starts = [self._start(place) for place in consumer.committed(partitions, CONNECT_SECONDS)]
        self._queues = {place.partition: PartitionQueue(place.partition, offset) for place, offset in starts}
        consumer.assign([place for place, _ in starts])
        self._assigned = True
        self._last_progress = time.monotonic()
        logger.info("partitions are assigned group=%s partitions=%s", self._setup.group, sorted(self._queues))

    def _on_revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._release(commit=True)
        self._assigned = False

    def _on_lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._release(commit=False)
        self._assigned = False

    def _start(self, committed: TopicPartition) -> tuple[TopicPartition, int]:
        low, high = self._range(committed.partition)
        wanted = committed.offset if committed.offset >= 0 else low
        if not low <= wanted <= high:
            if not self._setup.skip_lost:
                raise OffsetsLostError(self._setup.topic, committed.partition, wanted, low, high)
            logger.warning("lost offsets are skipped partition=%d from=%d to=%d", committed.partition, wanted, low)
            wanted = low
        return TopicPartition(self._setup.topic, committed.partition, wanted), wanted

    def _range(self, partition: int) -> tuple[int, int]:
        return self._consumer.get_watermark_offsets(TopicPartition(self._setup.topic, partition), CONNECT_SECONDS)
