"""The consumer that landing and indexing share: one poll loop, worker threads, one sink.

The order of a checkpoint: a worker writes a batch to the sink, then its dead letters to their topic; the poll loop
then tells the sink how far each partition is written without a gap, and last commits those offsets. A process
killed anywhere in between reads again what it had written, and the sink knows it by its bus position.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Event, Lock, Thread
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, stop_never, wait_exponential_jitter
from tenacity.nap import sleep_using_event
from tenacity.stop import stop_any, stop_when_event_set

from config.errors import UnavailableError
from kafka.client import MissingTopicError, RefusedLogin, describe_topic, explain
from kafka.consumer.assignment import Assignment
from kafka.consumer.memory import Pausing, ReadSize
from kafka.consumer.offset_commit import OffsetCommit
from kafka.consumer.partition_queue import BATCH_BYTES, PartitionQueue, record_bytes
from kafka.consumer.setup import CONNECT_SECONDS, ConsumerSetup, Summary
from kafka.consumer.topic_watch import TopicWatch
from kafka.dead_letter_reasons import EventError
from kafka.dead_letters.letter import DeadLetter, dead_letter_of, without_record
from kafka.dead_letters.writer import DeadLetterWriter
from kafka.forgotten import ForgottenVisitors
from kafka.leader_epoch import epoch_before
from kafka.lost_offsets import TopicMadeAnewError
from kafka.progress import ProgressReport
from kafka.readable_end import readable_ends
from kafka.sinks.sink import BusLog, Sink, Written
from kafka.topic_sight import TopicSight, TopicSightings, asking
from kafka.waiting import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Waiting
from kafka.watchdog import WATCHDOG, see_that_it_answers

logger = logging.getLogger(__name__)
T = TypeVar("T")

POLL_SECONDS = 0.1
SECONDS_BETWEEN_COMMITS = 1.0
LEAVE_SECONDS = 10.0

_PASSING_EVENTS = {
    # The client has left the group and joins it again at the next poll.
    KafkaError._MAX_POLL_EXCEEDED,
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._ASSIGNMENT_LOST,
    # A fault inside a broker, which its log explains.
    KafkaError.UNKNOWN,
}


class BusConsumer:
    """Runs one sink over the assigned partitions of one topic."""

    def __init__(self, setup: ConsumerSetup, sink: Sink, forgotten: ForgottenVisitors, stop: Event) -> None:
        self.summary = Summary()
        self._setup = setup
        self._sink = sink
        self._forgotten = forgotten
        self._stop = stop
        self._refused = RefusedLogin(setup.config)
        commit = OffsetCommit()
        member = {**setup.reader, "group.id": setup.group, "on_commit": commit.answered}
        self._consumer = Consumer(member, error_cb=self._refused)
        self._letters = DeadLetterWriter(setup.config, setup.dead_letter_topic)
        self._watch = TopicWatch(setup.config, setup.topic, setup.patience_seconds)
        self._sightings: TopicSightings | None = None
        self._assignment = Assignment(setup, self._consumer, commit, sink, self._watch)
        self._ends: dict[int, int] = {}
        self._pausing = Pausing()
        self._read_size = ReadSize()
        self._to_do = 0
        self._next_checkpoint = 0.0
        self._large_records = Lock()
        # Workers and the poll loop share these two.
        self._shared = Lock()
        self._failure: BaseException | None = None
        self._last_progress = 0.0

    def run(self) -> Summary:
        """Consume until the ends as of now, or for ever with `follow`, or until `stop`.

        Raises AccessError, TerminalError, or UnavailableError once patience has ended; what was written without a
        gap until then is committed.
        """
        patience = self._setup.start_patience_seconds
        self._retrying(f"{self._sink.stage} waits for the bus", patience, self._stop, self._look_at_topic)
        patience = self._setup.patience_seconds and patience
        self._retrying(
            f"{self._sink.stage} waits for its store",
            patience,
            self._stop,
            self._sink.setup,
            BusLog(self._setup.topic, self._watch.topic_id),
        )
        waiting = f"{self._sink.stage} waits for the list of forgotten visitors"
        self._retrying(waiting, patience, self._stop, self._forgotten.refresh)
        threads = ThreadPoolExecutor(self._setup.workers, thread_name_prefix=self._sink.stage)
        try:
            self._assignment.subscribe()
            self._last_progress = time.monotonic()
            self._poll(threads)
        except KafkaException as error:
            raise explain(self._refused.error or error, self._setup.doing) from error
        finally:
            self._stop.set()
            with WATCHDOG.guarding(self._sink.stage):
                self._assignment.let_go(commit=True)
            threads.shutdown()
            self._leave()
            self._sink.close()
        return self.summary

    def _leave(self) -> None:
        """Leave the group; a bus that does not answer finds out by itself (session.timeout.ms)."""
        leaving = Thread(target=self._consumer.close, name="leave", daemon=True)
        leaving.start()
        leaving.join(LEAVE_SECONDS)
        if leaving.is_alive():
            logger.warning("the bus does not answer group=%s: left without a word", self._setup.group)

    def _look_at_topic(self) -> None:
        topic, doing, seconds = self._setup.topic, self._setup.doing, self._setup.connect_seconds
        try:
            found = describe_topic(self._consumer, topic, self._refused, doing, seconds)
            if self._setup.follow:
                self._ends = dict.fromkeys(found.partitions, 0)
            else:
                places = (self._setup.reader, topic, found.partitions)
                self._ends = readable_ends(self._consumer, *places, CONNECT_SECONDS, self._stop)
        except KafkaException as error:
            raise explain(self._refused.error or error, doing) from error
        self._refused.works()
        identity = self._watch.begin()
        if identity:
            seen = TopicSight(identity, len(self._ends))
            self._sightings = TopicSightings(topic, seen, asking(self._setup.config, topic, doing))

    def _poll(self, threads: ThreadPoolExecutor) -> None:
        with ProgressReport(self._sink.stage, None) as report:
            while not self._stop.is_set():
                with WATCHDOG.guarding(self._sink.stage):
                    if self._round(threads, report):
                        return
        self._raise_failure()

    def _round(self, threads: ThreadPoolExecutor, report: ProgressReport) -> bool:
        """Whether all is done."""
        self._read(threads)
        self._watch.look()
        self._assignment.place()
        self._balance()
        self._raise_failure()
        finished = self._finished()
        if not finished and time.monotonic() < self._next_checkpoint:
            return False
        told = self._assignment.tell()
        self._show(report)
        see_that_it_answers(self._consumer)
        self._next_checkpoint = time.monotonic() + SECONDS_BETWEEN_COMMITS
        return finished and told

    def _read(self, threads: ThreadPoolExecutor) -> None:
        """Hand what one round gives to the workers."""
        records: dict[int, list[Message]] = {}
        events: list[Message] = []
        messages = self._consumer.consume(self._read_size.records, POLL_SECONDS)
        for message in messages:
            if message.error() is None:
                records.setdefault(message.partition() or 0, []).append(message)
            else:
                events.append(message)
        self._read_size.was([message for added in records.values() for message in added])
        for partition, added in records.items():
            # A rebalance inside consume() may have taken the partition away from records already fetched.
            queue = self._assignment.queues.get(partition)
            if queue is not None and queue.add(added):
                threads.submit(self._work, queue, threads)
        # After the records: the end of a partition is told together with the records before it.
        for event in events:
            self._heed(event)
        if messages:
            self._last_progress = time.monotonic()
        elif self._refused.error is not None:
            raise explain(self._refused.error, self._setup.doing)
        elif self._silent():
            raise UnavailableError(
                f"{self._setup.doing} gives no more records; is the server running (./millrace status)?"
            )

    def _heed(self, message: Message) -> None:
        error, partition = message.error(), message.partition()
        if error is None:
            return
        queue = self._assignment.queues.get(-1 if partition is None else partition)
        if error.code() == KafkaError._PARTITION_EOF:
            if queue is not None:
                offset = message.offset() or 0
                queue.read_past(offset, epoch_before(self._consumer, self._setup.topic, queue.partition, offset))
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            if queue is not None:
                self._assignment.place_again(queue.partition, error.str())
        elif error.code() in _PASSING_EVENTS:
            logger.warning("reading is interrupted reason=%s", error.str())
        elif isinstance(problem := explain(error, self._setup.doing), MissingTopicError):
            self._watch.ask_soon()
        elif not isinstance(problem, UnavailableError):
            raise problem

    def _silent(self) -> bool:
        """Whether the bus has said nothing for longer than patience lasts, while the workers had nothing to do."""
        patience = self._setup.patience_seconds
        if patience is None or any(queue.busy for queue in self._assignment.queues.values()):
            self._last_progress = time.monotonic()
        return time.monotonic() - self._last_progress > (patience or 0) + CONNECT_SECONDS

    def _balance(self) -> None:
        """Pause partitions whose workers are behind, resume those that caught up."""
        queues = self._assignment.queues
        behind = self._pausing.behind({partition: queue.pending for partition, queue in queues.items()})
        for partition, queue in queues.items():
            if (partition in behind) != queue.paused:
                queue.paused = not queue.paused
                place = [TopicPartition(self._setup.topic, partition)]
                (self._consumer.pause if queue.paused else self._consumer.resume)(place)

    def _finished(self) -> bool:
        """Whether what was there at the start is written; partitions added since have no end to reach."""
        if self._setup.follow or not self._assignment.ready or self._watch.missing:
            return False
        return all(queue.written_to >= self._ends.get(p, 0) for p, queue in self._assignment.queues.items())

    def _show(self, report: ProgressReport) -> None:
        lag = sum(max(self._end(p) - queue.written_to, 0) for p, queue in self._assignment.queues.items())
        if not self._setup.follow and self._assignment.ready:
            # In offsets, so that the bar ends full: marks of transactions are no records.
            self._to_do = max(self._to_do, lag)
            report.expect(self._to_do, self._to_do - lag)
        report.update(self.summary.records, lag)

    def _end(self, partition: int) -> int:
        if not self._setup.follow:
            return self._ends.get(partition, 0)
        _, newest = self._consumer.get_watermark_offsets(TopicPartition(self._setup.topic, partition), cached=True)
        return newest

    def _work(self, queue: PartitionQueue, threads: ThreadPoolExecutor) -> None:
        """Write one batch and stand in line again, so that no partition waits for another's whole backlog."""
        try:
            if queue.write_next(lambda batch: self._write_confirmed(batch, queue)):
                threads.submit(self._work, queue, threads)
        except Exception as error:
            # Whoever gave up waiting for a server because the partition is let go of has not failed.
            if not (queue.closing.is_set() and isinstance(error, UnavailableError)):
                with self._shared:
                    self._failure = self._failure or error

    def _write_confirmed(self, batch: list[Message], queue: PartitionQueue) -> None:
        """Write a batch of the same topic: ids never come back, so that a look at it after reading proves it."""
        waiting = f"{self._sink.stage} waits for the bus to say what topic it reads"
        self._retrying(waiting, self._setup.patience_seconds, queue.closing, self._confirm, queue.read_at)
        self._write(batch, queue.closing)

    def _confirm(self, since: float) -> None:
        if self._sightings is None:
            return
        try:
            found = self._sightings.confirm(since).topic_id
        except MissingTopicError as error:  # it may be being made anew; the watch ends the run where it is not
            raise UnavailableError(str(error)) from error
        if found and found != self._watch.topic_id:
            self._watch.same = False
            raise TopicMadeAnewError(self._setup.topic, self._watch.topic_id, found)

    def _write(self, batch: list[Message], closing: Event) -> None:
        """Write a batch and its dead letters, waiting for servers that are away until the partition is let go of."""
        stage, patience = self._sink.stage, self._setup.patience_seconds
        written = self._retrying(f"{stage} waits for its store", patience, closing, self._store, batch)
        if written.dead:
            letters = [self._letter(message, error) for message, error in written.dead]
            self._retrying(f"{stage} waits for the bus", patience, closing, self._letters.write, letters)
        with self._shared:
            self.summary.stored += written.stored
            self.summary.already += written.already
            self.summary.dead += len(written.dead)

    def _store(self, batch: list[Message]) -> Written:
        """By a list that is fresh at every attempt: a store may be away for hours."""
        self._forgotten.refresh()
        is_large = len(batch) == 1 and record_bytes(batch[0]) > BATCH_BYTES
        with self._large_records if is_large else nullcontext():
            return self._sink.write(batch)

    def _letter(self, message: Message, error: EventError) -> DeadLetter:
        letter = dead_letter_of(message, self._sink.stage, error)
        is_forgotten = self._forgotten.holds_record(letter.key, letter.value, letter.recorded_ms)
        return without_record(letter) if is_forgotten else letter

    def _retrying(
        self, waiting: str, patience: float | None, until: Event, call: Callable[..., T], *arguments: object
    ) -> T:
        lines = Waiting(logger, waiting)
        limit = stop_never if patience is None else stop_after_delay(patience)
        result: T = Retrying(
            retry=retry_if_exception_type(UnavailableError),
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_SECONDS, max=LONGEST_PAUSE_SECONDS),
            stop=stop_any(limit, stop_when_event_set(until)),
            sleep=sleep_using_event(until),
            before_sleep=lambda state: lines.because(state.outcome and state.outcome.exception()),
            reraise=True,
        )(call, *arguments)
        lines.over()
        return result

    def _raise_failure(self) -> None:
        with self._shared:
            failure = self._failure
        if failure is not None:
            raise failure
