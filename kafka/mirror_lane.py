"""One source partition on its way to the same partition of the destination, in transactions.

A lane has its own transactional producer, whose id is made of the route and the partition. Whoever opens the lane,
with however many workers, therefore fences the one before and ends what it left open, before the offset is read.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Event

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.allowance import Allowance
from kafka.client import RefusedLogin, explain
from kafka.lost_offsets import OffsetsLostError
from kafka.mirror_offsets import MirrorOffset, Route

logger = logging.getLogger(__name__)

RECORDS_PER_READ = 2_000
RECORDS_PER_TRANSACTION = 50_000
SECONDS_PER_TRANSACTION = 1.0
SECONDS_PER_TRY = 2.0
SECONDS_TO_STOP = 10.0
LONGEST_PAUSE_SECONDS = 10.0

CONSUMER: ClientConfig = {
    "group.id": "millrace-mirror",  # the client wants one; offsets are assigned, so no group is joined
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    # An offset that retention has passed means loss: it must stop the mirror, not reset it.
    "auto.offset.reset": "error",
    # The default of 1000 ms is the main stall of a consume-produce loop (71k against 132k events/s).
    "fetch.queue.backoff.ms": 20,
    "fetch.wait.max.ms": 100,
}
PRODUCER: ClientConfig = {
    "transaction.timeout.ms": 60_000,
    "compression.type": "lz4",
    # A commit sends at once what lingers; 200 ms instead of 20 makes fuller requests, for a seventh less CPU.
    "linger.ms": 200,
    # The commit reports what was not delivered: no report for each record.
    "delivery.report.only.error": True,
    # The number of records bounds the memory; the bytes must leave room for the largest single one.
    "queue.buffering.max.kbytes": 64 * 1024,
    # The topic's limit decides, after compression; the client's default of 1 MB would refuse first.
    "message.max.bytes": 100_000_000,
}


@dataclass(frozen=True)
class LaneSetup:
    """What all lanes of a run share. Client properties are complete; `patience_seconds` None waits for ever."""

    route: Route
    source: ClientConfig
    destination: ClientConfig
    offsets_topic: str
    patience_seconds: float | None


class Lane:
    """Mirrors one partition; one thread works on it at a time, another may read its public numbers."""

    def __init__(self, setup: LaneSetup, partition: int, stop: Event) -> None:
        self.topic = setup.route.source_topic
        self.partition = partition
        self.mirrored = 0
        self.lag = 0
        self._setup = setup
        self._stop = stop
        self._refused = RefusedLogin()
        self._committed = MirrorOffset(0, 0)
        self._next_offset = 0
        self._end: int | None = None
        self._in_transaction = False
        self._failures = 0
        self._last_progress = time.monotonic()
        source, destination = setup.source["bootstrap.servers"], setup.destination["bootstrap.servers"]
        self._doing = f"mirroring {setup.route.source_topic} from {source} to {destination}"
        transactional_id = "millrace-mirror-{0.source_cluster}-{0.source_topic}-{0.destination_topic}-{1}"
        self._producer = Producer(
            {
                **setup.destination,
                "transactional.id": transactional_id.format(setup.route, partition),
                "error_cb": self._refused,
            }
        )
        self._consumer = Consumer({**setup.source, "error_cb": self._refused})

    @property
    def finished(self) -> bool:
        """Whether everything below the end is mirrored."""
        return self._end is not None and self._next_offset >= self._end

    def fence(self) -> None:
        """End the open transaction of a lane before this one, and have that lane's writes refused from now on."""
        try:
            self._persist(self._producer.init_transactions)
        except KafkaException as error:
            raise explain(self._refused.error or error, self._doing) from error

    def start(self, begin: MirrorOffset, known: MirrorOffset | None, end: int | None) -> None:
        """Read on from `begin`; the lane is finished at offset `end` (None: never).

        Where the offsets topic holds something else, `known`, it is told first: records that expire before the first
        transaction must be missed by the next start, too.
        """
        self._committed = begin
        self._next_offset = begin.next_offset
        self._end = end
        if begin != known:
            try:
                self._commit(0)
            except KafkaException as error:
                raise explain(self._refused.error or error, self._doing) from error
        self.lag = max((end or 0) - self._next_offset, 0)
        self._last_progress = time.monotonic()
        self._consumer.assign([self._position()])

    def copy(self, allowance: Allowance, wait_seconds: float) -> int:
        """Mirror one transaction of records, waiting at most `wait_seconds` for the first; returns their number.

        A server that is away rolls the transaction back and is tried again at the next call, up to the setup's
        patience; after that, and for what waiting does not mend, raises what `explain` makes of it.
        """
        copied = 0
        try:
            records = self._read(allowance, wait_seconds)
            started = time.monotonic()
            while records:
                self._produce(records)
                copied += len(records)
                if copied >= RECORDS_PER_TRANSACTION or time.monotonic() - started > SECONDS_PER_TRANSACTION:
                    break
                records = self._read(allowance, 0.05)
            # Without a record there may still be marks of transactions to step over.
            if self._next_offset > self._committed.next_offset:
                self._commit(copied)
        except (KafkaException, UnavailableError) as error:
            allowance.give_back(copied)
            self._roll_back(error)
            return 0
        _, newest = self._consumer.get_watermark_offsets(self._position(), cached=True)
        self.lag = max((self._end if self._end is not None else newest) - self._next_offset, 0)
        return copied

    def close(self) -> None:
        """Leave both clusters; an open transaction is ended by the next `fence` or by its timeout."""
        self._producer.purge()
        self._consumer.close()

    def _position(self) -> TopicPartition:
        return TopicPartition(self._setup.route.source_topic, self.partition, self._next_offset)

    def _read(self, allowance: Allowance, wait_seconds: float) -> list[Message]:
        if self.finished:
            return []
        to_end = RECORDS_PER_READ if self._end is None else self._end - self._next_offset
        granted = allowance.take(min(RECORDS_PER_READ, to_end))
        if not granted:
            self._stop.wait(0.01)  # for what the reads of other lanes leave of their grants
            return []
        records: list[Message] = []
        try:
            messages = self._consumer.consume(granted, wait_seconds)
            self._heed([message for message in messages if message.error() is not None])
            records = [message for message in messages if message.error() is None]
        finally:
            allowance.settle(granted, len(records))
        if records:
            self._next_offset = max(self._next_offset, (records[-1].offset() or 0) + 1)
        silent = not messages and not self._in_transaction and not self._stop.is_set()
        if silent and self._given_up(self._last_progress):
            raise UnavailableError(f"{self._doing}: the source sends no more records; is it running?")
        return records

    def _heed(self, events: list[Message]) -> None:
        for event in events:
            error = event.error()
            if error is None or error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:  # no group is used
                continue
            if error.code() == KafkaError._AUTO_OFFSET_RESET:
                low, high = self._consumer.get_watermark_offsets(self._position(), SECONDS_PER_TRY)
                raise OffsetsLostError(self._setup.route.source_topic, self.partition, self._next_offset, low, high)
            if error.code() != KafkaError._PARTITION_EOF:
                raise KafkaException(error)
            # Beyond the last record there may be marks of transactions; the end of the partition is behind them.
            self._next_offset = max(self._next_offset, event.offset() or 0)
            self._last_progress = time.monotonic()

    def _produce(self, records: list[Message]) -> None:
        self._begin()
        produce, topic, partition = self._producer.produce, self._setup.route.destination_topic, self.partition
        for record in records:
            # To the client a timestamp of 0 means now; 1 ms after the epoch is the nearest it can express.
            time_ms, headers = record.timestamp()[1] or 1, record.headers()
            try:
                # By position: names cost half as much again. The two None are callbacks.
                produce(topic, record.value(), record.key(), partition, None, None, time_ms, headers)
            except BufferError:
                self._make_room()
                produce(topic, record.value(), record.key(), partition, None, None, time_ms, headers)

    def _begin(self) -> None:
        if not self._in_transaction:
            self._producer.begin_transaction()
            self._in_transaction = True

    def _make_room(self) -> None:
        """Wait until half of the records not yet sent have been."""
        unsent = len(self._producer)
        while len(self._producer) > unsent // 2:
            self._producer.poll(0.005)
            if self._given_up(self._last_progress):
                raise UnavailableError(f"{self._doing}: the destination takes no more records")

    def _commit(self, copied: int) -> None:
        records = self._committed.records + copied
        reached = replace(self._committed, next_offset=self._next_offset, records=records)
        key = self._setup.route.key(self.partition)
        self._begin()
        try:
            self._producer.produce(self._setup.offsets_topic, reached.value(), key, 0)
        except BufferError:
            self._make_room()
            self._producer.produce(self._setup.offsets_topic, reached.value(), key, 0)
        self._persist(self._producer.commit_transaction)
        self._in_transaction = False
        self._committed = reached
        self.mirrored += copied
        self._failures = 0
        self._last_progress = time.monotonic()

    def _roll_back(self, error: KafkaException | UnavailableError) -> None:
        problem = error if isinstance(error, UnavailableError) else explain(self._refused.error or error, self._doing)
        if not isinstance(problem, UnavailableError) or self._given_up(self._last_progress):
            raise problem from error
        logger.warning("a transaction is rolled back partition=%d reason=%s", self.partition, problem)
        if self._in_transaction:
            self._persist(self._producer.abort_transaction)
            self._in_transaction = False
        self._next_offset = self._committed.next_offset
        self._consumer.seek(self._position())
        self._failures += 1
        self._stop.wait(min(0.25 * 2**self._failures, LONGEST_PAUSE_SECONDS))

    def _persist(self, call: Callable[[float], None]) -> None:
        """Repeat a step of the transaction protocol for as long as it only needs more time."""
        started = time.monotonic()
        while True:
            try:
                return call(SECONDS_PER_TRY)
            except KafkaException as error:
                if not error.args[0].retriable() or self._refused.error or self._given_up(started):
                    raise

    def _given_up(self, since: float) -> bool:
        waited = time.monotonic() - since
        if self._stop.is_set():
            return waited > SECONDS_TO_STOP
        return self._setup.patience_seconds is not None and waited > self._setup.patience_seconds
