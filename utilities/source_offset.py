"""Where a record of the bus stands at the source.

The mirror keeps partition, order, timestamp, key and value, but writes no source offset into the record. So the record
is looked for in the same partition of the source, from the first one that is not older, and of several equal ones the
one that is as many'th there as on the bus.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from config.errors import UnavailableError
from config.kafka_client import ClientConfig
from kafka.client import RefusedLogin, describe_topic, explain
from kafka.log_reader import READER
from kafka.position import BusPosition

ADMIN_SECONDS = 15.0
SILENCE_SECONDS = 20.0
LONGEST_SEARCH = 200_000
"""Records read at most, since timestamps need not ascend: a few seconds."""

Matches = Callable[[Message], bool]


@dataclass(frozen=True)
class SourceOffset:
    """`offset` is None where the record was not found, and `problem` says why."""

    offset: int | None
    problem: str = ""


class PartitionReader:
    """Reads one partition of a topic from chosen offsets; use it as a context."""

    def __init__(self, config: ClientConfig, topic: str, partition: int) -> None:
        self._doing = f"reading topic {topic} at {config['bootstrap.servers']}"
        self._refused = RefusedLogin()
        self._consumer = Consumer({**config, **READER, "error_cb": self._refused})
        self.place = TopicPartition(topic, partition)

    def __enter__(self) -> "PartitionReader":
        try:
            describe_topic(self._consumer, self.place.topic, self._refused, self._doing, ADMIN_SECONDS)
            self.low, self.end = self._consumer.get_watermark_offsets(self.place, ADMIN_SECONDS)
        except KafkaException as error:
            self._consumer.close()
            raise explain(self._refused.error or error, self._doing) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def first_not_older(self, timestamp_ms: int) -> int:
        """The first offset whose record is not older; the end where every record is."""
        wanted = TopicPartition(self.place.topic, self.place.partition, timestamp_ms)
        try:
            (found,) = self._consumer.offsets_for_times([wanted], ADMIN_SECONDS)
        except KafkaException as error:
            raise explain(error, self._doing) from error
        return self.end if found.offset < 0 else int(found.offset)

    def records(self, first: int, until: int) -> Iterator[Message]:
        """Committed records of the offsets `[first, until)`; raises UnavailableError where nothing more comes."""
        position = max(first, self.low)
        if position >= until:
            return
        self._consumer.assign([TopicPartition(self.place.topic, self.place.partition, position)])
        last_moved = time.monotonic()
        while position < until:
            messages = self._consumer.consume(1000, 0.1)
            if not messages and time.monotonic() - last_moved > SILENCE_SECONDS:
                raise UnavailableError(f"{self._doing} stopped before its end; try again later")
            last_moved = time.monotonic() if messages else last_moved
            for message in messages:
                error, position = message.error(), (message.offset() or 0) + 1
                if error is None and position <= until:
                    yield message
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    return
                elif error is not None and error.code() != KafkaError.GROUP_AUTHORIZATION_FAILED:
                    raise explain(error, self._doing)


def read_record(config: ClientConfig, position: BusPosition) -> Message | None:
    """The record at a position; None where it has expired, or was never one."""
    with PartitionReader(config, position.topic, position.partition) as reader:
        if not reader.low <= position.offset < reader.end:
            return None
        return next((m for m in reader.records(position.offset, position.offset + 1)), None)


def equal_to(record: Message) -> Matches:
    """Whether another record has the same timestamp, key and value."""
    sent = (record.timestamp()[1], record.key(), record.value())
    return lambda other: (other.timestamp()[1], other.key(), other.value()) == sent


def find_source_offset(bus: ClientConfig, source: ClientConfig, source_topic: str, record: Message) -> SourceOffset:
    """The source offset of a record of the bus; raises what `explain` makes of a cluster that is away or refuses."""
    timestamp, matches = record.timestamp()[1], equal_to(record)
    partition, offset = record.partition() or 0, record.offset() or 0
    with PartitionReader(bus, record.topic() or "", partition) as reader:
        before = _search(reader, timestamp, offset)
        equals_before = sum(matches(other) for other in before)
    with PartitionReader(source, source_topic, partition) as reader:
        found = (m.offset() for m in _search(reader, timestamp, reader.end) if matches(m))
        at_source = next(islice(found, equals_before, None), None)
        if at_source is not None:
            return SourceOffset(at_source)
        if reader.low > 0:
            return SourceOffset(None, f"expired at the source: its oldest record is offset {reader.low}")
    return SourceOffset(None, f"not at the source among {LONGEST_SEARCH:,} records that are not older")


def _search(reader: PartitionReader, timestamp_ms: int, until: int) -> Iterator[Message]:
    return islice(reader.records(reader.first_not_older(timestamp_ms), until), LONGEST_SEARCH)
