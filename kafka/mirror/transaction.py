"""The writing side of a lane: records, dead letters and the reached offset in one transaction.

The offset's record names the process that wrote it. So a mirror whose producer was fenced can tell whether another
one took over, or only its transaction was out of time; and it goes on from the offset that was committed last,
whatever it knew of that.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

from confluent_kafka import KafkaError, KafkaException, Message

from config.errors import TerminalError, UnavailableError
from kafka.client import MissingTopicError, explain
from kafka.dead_letters.letter import DeadLetter
from kafka.lost_offsets import TopicMadeAnewError
from kafka.mirror.bisection import Bisection
from kafka.mirror.faults import Fault, fault_of
from kafka.mirror.offsets import MirrorOffset, read_mirror_offsets
from kafka.mirror.raw_headers import RawHeaders
from kafka.mirror.refusals import not_decodable, refused
from kafka.mirror.setup import DestinationDeletedError, LaneSetup, TakenOverError
from kafka.mirror.writer import LANE_PRODUCER, TransactionWriter
from kafka.record_headers import UnreadableHeadersError, read_headers

logger = logging.getLogger(__name__)

SECONDS_TO_TAKE_OVER = 2.0
"""From fencing another mirror to being known as the owner: after it, that one finds out by whom."""


@dataclass
class _Contents:
    """Of the open transaction: records taken from the source, of which `dead` are set aside; first and last offset."""

    began: float = 0.0
    taken: int = 0
    dead: int = 0
    first: int | None = None
    last: int = 0
    letter_bytes: int = 0


class LaneTransaction:
    """Writes one partition; used by one thread at a time. Raises KafkaException for what a server refuses."""

    def __init__(self, setup: LaneSetup, partition: int, stop: Event) -> None:
        self.committed = MirrorOffset(0, 0)
        """Where the next transaction begins."""
        self._setup = setup
        self._partition = partition
        self._stop = stop
        self._known: MirrorOffset | None = None
        self._is_owner = False
        self._contents = _Contents()
        self._bisection = Bisection()
        self._must_open = self._was_fenced = False
        name = "millrace-mirror-{0.source_cluster}-{0.source_topic}-{0.destination_topic}-{1}"
        self._raw_headers = RawHeaders(setup.source, setup.route.source_topic, partition)
        self.writer = TransactionWriter(
            setup.destination, name.format(setup.route, partition), setup.doing, setup.patience_seconds, stop
        )

    @property
    def taken(self) -> int:
        """Records in the open transaction, those set aside among them."""
        return self._contents.taken

    @property
    def limit(self) -> int | None:
        """The source offset at which this transaction must end, exclusive; None: anywhere."""
        return self._bisection.limit(self.committed.next_offset)

    def start(self, begin: MirrorOffset, known: MirrorOffset | None) -> None:
        """Begin at `begin`; `known` is what the offsets topic holds."""
        self.committed, self._known = begin, known

    def go_on(self) -> bool:
        """Where the producer is of no more use, take a new one and what was committed last; True if so.

        Raises TakenOverError where another mirror has written that.
        """
        if not self._must_open:
            return False
        if self._was_fenced:
            self._stop.wait(SECONDS_TO_TAKE_OVER)
            self._read_committed()
        self.writer.open()
        # Only now: an offset read before could be overtaken by the transaction of whoever is fenced by this.
        current = self._read_committed()
        if current is not None and current != self._known:
            self.committed = self._known = current
        self._must_open = self._was_fenced = False
        return True

    def produce(self, records: list[Message]) -> None:
        """Add records, in the order of their offsets; raises UnavailableError where the source is asked in vain."""
        try:
            self._produce(records)
        finally:
            self._raw_headers.close()

    def _produce(self, records: list[Message]) -> None:
        self._begin()
        contents = self._contents
        contents.taken += len(records)
        contents.first = contents.first if contents.first is not None else records[0].offset()
        contents.last = records[-1].offset() or 0
        if self._bisection.dead:
            records = self._without_dead(records)
        produce, patiently = self.writer.produce, self.writer.produce_patiently
        for record in records:
            problem = self._take(record, produce)
            if problem is not None and isinstance(problem, BufferError):
                problem = self._take(record, patiently)
            if problem is not None:
                self._set_aside(self._letter_of(record, problem))

    def _take(self, record: Message, produce: Callable[..., None]) -> Exception | None:
        """Hand a record to the client; what it does not take is dealt with behind the handler, as a failure of a lane.

        See `Lane._roll_back`.
        """
        try:
            # To the client a timestamp of 0 means now; 1 ms after the epoch is the nearest it can express.
            time_ms, headers = record.timestamp()[1] or 1, read_headers(record)
            topic, partition = self._setup.route.destination_topic, self._partition
            # By position: names cost half as much again. The two None are callbacks.
            produce(topic, record.value(), record.key(), partition, None, None, time_ms, headers)
        except (BufferError, KafkaException, UnreadableHeadersError) as error:
            return error.with_traceback(None)
        return None

    def _letter_of(self, record: Message, problem: Exception) -> DeadLetter:
        """Raises `problem` where it is no fault of the record."""
        if isinstance(problem, UnreadableHeadersError):
            return not_decodable(record, self._raw_headers.of(record.offset() or 0), self.committed.source_id)
        if fault_of(problem.args[0]) is not Fault.RECORD:
            raise problem
        return refused(record, problem.args[0].str(), self.committed.source_id)

    def commit(
        self, next_offset: int, leader_epoch: int | None, source_end: int, begin: MirrorOffset | None = None
    ) -> int:
        """Commit with the offset reached; returns how many records were mirrored.

        `source_end` is negative where it is not known. `begin` takes the place of `committed`, once it is committed.
        """
        self._begin()
        self._confirm_destination()
        contents, before = self._contents, begin or self.committed
        mirrored = contents.taken - contents.dead
        reached = replace(
            before,
            next_offset=next_offset,
            records=before.records + mirrored,
            dead=before.dead + contents.dead,
            leader_epoch=leader_epoch,
            source_end=max(source_end if source_end >= 0 else before.source_end, next_offset),
            owner=self._setup.owner,
        )
        key = self._setup.route.key(self._partition)
        self.writer.produce_patiently(self._setup.offsets_topic, reached.value(), key, 0)
        self.writer.commit()
        self.committed = self._known = reached
        self._is_owner = True
        self._contents = _Contents()
        self._bisection.committed(next_offset)
        return mirrored

    def roll_back(self, error: KafkaException | None) -> None:
        """End the transaction; what `error` says of a record or of the producer is heeded when it goes on.

        Raises TerminalError where even the dead letter of a record is refused.
        """
        fault = Fault.SERVER if error is None else fault_of(error.args[0])
        if error is not None and fault is Fault.RECORD:
            self._refuse(error.args[0])
        if not self.writer.abort() or fault is Fault.PRODUCER:
            self._must_open = self._was_fenced = True
        elif fault is Fault.RECORD:
            # The broker expects the refused batch's sequence number, librdkafka sends the next: out of order.
            self._must_open = True
        self._contents = _Contents()

    def _refuse(self, error: KafkaError) -> None:
        contents, dead_letters = self._contents, self._setup.dead_letter_topic
        place = f"{self._setup.route.source_topic} partition {self._partition}"
        if contents.first is None:
            raise TerminalError(f"{self._setup.doing}: the offset of {place} is refused: {error.str()}")
        # A record that the client cannot write was never sent: what is refused is its letter.
        is_letter = contents.first == contents.last and contents.dead > 0
        if not is_letter and self._bisection.refused(contents.first, contents.last, error.str()):
            logger.info(
                "a transaction is refused for a record in it: it is looked for partition=%d first=%d last=%d reason=%s",
                self._partition,
                contents.first,
                contents.last,
                error.str(),
            )
            return
        refusal = f"topic {dead_letters} refuses the dead letter of {place} offset {contents.first} ({error.str()})"
        if error.code() != KafkaError.MSG_SIZE_TOO_LARGE:
            raise TerminalError(refusal)
        try:
            self._setup.raise_letter_limit(contents.letter_bytes)
        except TerminalError as problem:
            raise TerminalError(f"{refusal}: {problem}") from problem
        except UnavailableError as problem:
            logger.warning("%s: %s; it is written again", refusal, problem)

    def _begin(self) -> None:
        if not self.writer.in_transaction:
            self._contents.began = time.monotonic()
        self.writer.begin()

    def _confirm_destination(self) -> None:
        watch, known = self._setup.destination_watch, self.committed.destination_id
        if watch is not None:
            try:
                found = watch.confirm(self._contents.began).topic_id
            except MissingTopicError as error:
                raise DestinationDeletedError(self._setup.route.destination_topic) from error
            if found and known and found != known:
                raise TopicMadeAnewError(self._setup.route.destination_topic, known, found)

    def _read_committed(self) -> MirrorOffset | None:
        config = {name: value for name, value in self._setup.destination.items() if name not in LANE_PRODUCER}
        found = read_mirror_offsets(config, self._setup.offsets_topic, self._setup.route, self._partition + 1)
        current = found.get(self._partition)
        if self._is_owner and current is not None and current.owner != self._setup.owner:
            raise TakenOverError(self._setup.doing, current.owner)
        return current

    def _without_dead(self, records: list[Message]) -> list[Message]:
        """The records that were not refused alone; letters of the others are produced."""
        dead = self._bisection.dead
        for record in records:
            if record.offset() in dead:
                self._set_aside(refused(record, dead[record.offset() or 0], self.committed.source_id))
        return [record for record in records if record.offset() not in dead]

    def _set_aside(self, letter: DeadLetter) -> None:
        headers, key = letter.record_headers(), letter.record_key
        topic = self._setup.dead_letter_topic
        try:
            self.writer.produce_patiently(topic, letter.value, key, -1, None, None, 0, headers)
        except KafkaException as error:
            if fault_of(error.args[0]) is not Fault.RECORD:
                raise
            problem = f"the dead letter of {letter.bus_position} cannot be written to topic {topic}"
            raise TerminalError(f"{problem}: {explain(error, self._setup.doing)}") from error
        size = sum(len(name) + len(value or b"") for name, value in headers) + len(letter.value or b"") + len(key)
        self._contents.letter_bytes = max(self._contents.letter_bytes, size)
        self._contents.dead += 1
        logger.warning(
            "a record is set aside source=%s partition=%d offset=%d reason=%s detail=%s",
            self._setup.route.source_topic,
            self._partition,
            letter.position.offset,
            letter.reason,
            letter.detail,
        )
