"""The partitions that a consumer has: given by the group, found their place, read, told how far, let go of.

All methods are called by the thread of the poll loop, which is also that of the rebalance callbacks; workers know
nothing but their queue. A callback only takes note of what it was given: asking where to begin needs the bus and the
store, which may be away for longer than a callback may take (max.poll.interval.ms, 5 minutes).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from config.errors import MillraceError, UnavailableError
from kafka.client import MissingTopicError, explain
from kafka.consumer.offset_commit import OffsetCommit
from kafka.consumer.outage import Outage
from kafka.consumer.partition_queue import PartitionQueue
from kafka.consumer.positions import Known, Start, start_of
from kafka.consumer.setup import ConsumerSetup
from kafka.consumer.topic_watch import TopicWatch
from kafka.leader_epoch import diverged_at, is_unverifiable
from kafka.lost_offsets import TopicMadeAnewError
from kafka.partition_range import partition_ranges
from kafka.sinks.sink import BusLog, LostMarksError, Sink, StoreMark
from kafka.waiting import Waiting
from kafka.watchdog import WATCHDOG

logger = logging.getLogger(__name__)

T = TypeVar("T")

DRAIN_SECONDS = 30.0
LOOK_UP_SECONDS = 5.0
GROUP_SECONDS = 10.0
"""Longer than a group takes to give away what a killed consumer had (session.timeout.ms, 6 s)."""

_PASSING = {
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError._ASSIGNMENT_LOST,
    KafkaError._STATE,
}
"""A commit refused with these is made again after the rebalance, by whoever owns the partition then."""


class Assignment:
    """The queues of the partitions that are read now, and those that are given but not read yet."""

    def __init__(
        self, setup: ConsumerSetup, consumer: Consumer, commit: OffsetCommit, sink: Sink, watch: TopicWatch
    ) -> None:
        self.queues: dict[int, PartitionQueue] = {}
        self.ready = False
        self._setup = setup
        self._consumer = consumer
        self._sink = sink
        self._watch = watch
        self._commit = commit
        self._given: list[TopicPartition] = []
        self._to_place = False
        self._diverged: dict[int, int] = {}
        self._unverifiable: set[int] = set()
        patience = setup.patience_seconds
        self._placing = Outage(f"{sink.stage} waits to know where to begin", patience)
        self._telling = Outage(f"{sink.stage} waits to commit offsets", patience)
        self._beginning_anew = Outage(f"{sink.stage} begins anew where its store says", patience)
        self._joining = Waiting(logger, f"{sink.stage} waits for its group")
        self._without_since = 0.0

    def subscribe(self) -> None:
        """Join the group."""
        self._without_since = time.monotonic()
        self._consumer.subscribe(
            [self._setup.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def place(self) -> None:
        """Find out where each given partition begins, if that is to be done now, and read from there.

        Raises OffsetsLostError and other errors that only a person can mend, UnavailableError when patience ends.
        """
        if not self.ready and not self._to_place and time.monotonic() > self._without_since + GROUP_SECONDS:
            self._joining.because(f"{self._setup.group} gives it no partitions; does its coordinator answer?")
        if not self._to_place or not self._placing.may_try:
            return
        try:
            starts = self._starts()
            self._read_from(starts)
        except UnavailableError as error:
            self._placing.failed(error)
            return
        self._placing.over()
        self.queues = {
            partition: PartitionQueue(partition, start.offset, start.leader_epoch, start.skipped)
            for partition, start in starts.items()
        }
        for partition, start in starts.items():
            if start.to_tell:
                self.queues[partition].told_to = -1
        self._to_place, self.ready = False, True
        self._diverged.clear()
        self._unverifiable.clear()
        logger.info("partitions are assigned group=%s partitions=%s", self._setup.group, sorted(starts))

    def place_again(self, partition: int, reason: str) -> None:
        """Reading stopped at an offset that the bus does not have, or that is another record: ask where to begin.

        `reason` is the client's text; it alone tells where the log went another way.
        """
        self.let_go(commit=True)
        if (diverged := diverged_at(reason)) is not None:
            self._diverged[partition] = diverged
        elif is_unverifiable(reason):
            self._unverifiable.add(partition)
        self._begin_anew(UnavailableError(f"partition {partition}: {reason}"))

    def _begin_anew(self, why: UnavailableError) -> None:
        self._asking(lambda: self._consumer.assign([]))
        self._to_place = True
        self._placing.failed(why)

    def tell(self) -> bool:
        """Tell the sink how far each partition is written, then commit; whether all that is written is told.

        Raises UnavailableError when patience ends, and errors that only a person can mend.
        """
        if not self._telling.may_try:
            return False
        try:
            if self._heed_answer():
                self._telling.over()
            if self._commit.is_under_way:
                return False
            if self._checkpoint():
                self._beginning_anew.over()
                return False
        except LostMarksError as error:
            logger.warning("%s", error)
            self.let_go(commit=False)
            self._beginning_anew.failed(error)
            self._begin_anew(error)
            return False
        except UnavailableError as error:
            self._telling.failed(error)
            return False
        self._telling.over()
        return True

    def let_go(self, commit: bool) -> None:
        """Let go of all partitions: finish the batches under way, commit what is written, forget the rest."""
        with WATCHDOG.pausing():
            self._drain()
        try:
            # What was read of a topic made anew says nothing of the one that the store holds.
            if commit and self._watch.same:
                self._checkpoint()
        except MillraceError as error:
            logger.warning("offsets are not committed reason=%s", error)
        # The group hears of the commit before it hears that the partitions are free: on the same connection.
        self._commit.forget()
        self.queues, self.ready = {}, False

    def _drain(self) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        for queue in self.queues.values():
            queue.close(0)  # all at once: a worker that waits for its store gives up
        for queue in self.queues.values():
            if not queue.close(max(deadline - time.monotonic(), 0)):
                logger.warning("a batch under way is left behind uncommitted partition=%d", queue.partition)

    def _heed_answer(self) -> bool:
        """Whether a commit has succeeded."""
        try:
            told = self._commit.take_answer()
        except KafkaException as error:
            raise self._commit_problem(error) from error
        for partition, offset in told.items():
            self.queues[partition].told_to = offset
        return bool(told)

    def _checkpoint(self) -> bool:
        """Whether there was anything to commit, which is under way now."""
        changed = {p: queue for p, queue in self.queues.items() if queue.written_to > queue.told_to}
        if not changed:
            return False
        log = BusLog(self._setup.topic, self._watch.topic_id)
        reached = {p: StoreMark(*_reached(queue, log.topic_id)) for p, queue in changed.items()}
        with WATCHDOG.pausing():
            self._sink.reached(log, reached)
        offsets = [_position(log.topic, p, mark.next_offset, mark.leader_epoch) for p, mark in reached.items()]
        try:
            self._commit.begin(self._consumer, offsets)
        except KafkaException as error:
            raise self._commit_problem(error) from error
        return True

    def _commit_problem(self, error: KafkaException) -> MillraceError:
        doing = self._setup.doing
        if error.args[0].code() in _PASSING:
            return UnavailableError(f"{doing}: the group is being rearranged ({error})")
        problem = explain(error, f"{doing}, committing offsets")
        if isinstance(problem, MissingTopicError):
            self._watch.ask_soon()
            return UnavailableError(str(problem))
        return problem

    def _starts(self) -> dict[int, Start]:
        """Where each given partition begins, by the store, the group and the bus."""
        self._watch.confirm()
        log = BusLog(self._setup.topic, self._watch.topic_id)
        with WATCHDOG.pausing():
            marks = self._sink.marks(log)
        for mark in marks.values():
            if mark.topic_id and log.topic_id and mark.topic_id != log.topic_id:
                self._watch.same = False
                raise TopicMadeAnewError(log.topic, mark.topic_id, log.topic_id)
        starts = {
            known.place.partition: start_of(known, self._setup.skip_lost)
            for known in self._asking(lambda: self._known(marks))
        }
        for partition in starts.keys() & self._unverifiable:
            starts[partition] = replace(starts[partition], leader_epoch=None)
        # Before a partition's first record: whoever is killed with records stored and no mark leaves no word of the
        # topic that they are of, and another one of its name would be taken for it.
        first = {p: StoreMark(start.offset, log.topic_id) for p, start in starts.items() if p not in marks}
        if first:
            with WATCHDOG.pausing():
                self._sink.reached(log, first)
        return starts

    def _read_from(self, starts: dict[int, Start]) -> None:
        # With its epoch the broker says when the log before the offset is not the one that was read (KIP-320).
        topic = self._setup.topic
        places = [_position(topic, p, start.offset, start.leader_epoch) for p, start in starts.items()]
        self._asking(lambda: self._consumer.assign(places))
        # A pause outlives the assignment it was made in, and the new queues know nothing of it.
        self._asking(lambda: self._consumer.resume(places))
        deadline = time.monotonic() + LOOK_UP_SECONDS
        for place in places:
            if place.leader_epoch is not None:
                self._asking(partial(self._seek, place, deadline))

    def _seek(self, place: TopicPartition, deadline: float) -> None:
        """Have the broker asked about the epoch: librdkafka 2.16 asks at a seek, at an assignment only if it must."""
        while True:
            try:
                return self._consumer.seek(place)
            except KafkaException as error:
                if error.args[0].code() != KafkaError._STATE:  # the assignment has not reached the partition yet
                    raise
                if time.monotonic() > deadline:
                    raise UnavailableError(f"partition {place.partition} cannot be read yet ({error})") from error
            time.sleep(0.01)

    def _known(self, marks: dict[int, StoreMark]) -> list[Known]:
        places = [TopicPartition(self._setup.topic, place.partition) for place in self._given]
        known: list[Known] = []
        if not places:
            return known
        committed = self._consumer.committed(places, LOOK_UP_SECONDS)
        for place in committed:
            if place.error is not None:
                raise KafkaException(place.error)
        asked = (self._setup.reader, self._setup.topic, [place.partition for place in committed])
        ranges = partition_ranges(self._consumer, *asked, LOOK_UP_SECONDS)
        for place in committed:
            partition, (low, high) = place.partition, ranges[place.partition]
            offset, epoch = (place.offset, place.leader_epoch) if place.offset >= 0 else (None, None)
            known.append(Known(place, offset, epoch, marks.get(partition), low, high, self._diverged.get(partition)))
        return known

    def _asking(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except KafkaException as error:
            problem = explain(error, self._setup.doing)
            if isinstance(problem, MissingTopicError):
                self._watch.ask_soon()
                raise UnavailableError(str(problem)) from error
            raise problem from error

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._joining.over()
        self._given = list(partitions)
        self._to_place, self.ready = True, False
        # Nothing is read yet; left out, the client would begin by itself at the group's offset.
        consumer.assign([])
        logger.debug(
            "partitions are given group=%s partitions=%s", self._setup.group, sorted(p.partition for p in partitions)
        )

    def _on_revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self.let_go(commit=True)
        self._be_without()

    def _on_lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        # Another consumer may have them by now, and be further.
        self.let_go(commit=False)
        self._be_without()

    def _be_without(self) -> None:
        self._given, self._to_place, self._without_since = [], False, time.monotonic()


def _reached(queue: PartitionQueue, topic_id: str) -> tuple[int, str, int | None, int]:
    offset, epoch = queue.reached
    return offset, topic_id, epoch, queue.skipped


def _position(topic: str, partition: int, offset: int, epoch: int | None) -> TopicPartition:
    if epoch is None:
        return TopicPartition(topic, partition, offset)
    return TopicPartition(topic, partition, offset, leader_epoch=epoch)
