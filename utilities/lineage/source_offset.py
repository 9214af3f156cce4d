"""Where a record of the bus stands at the source.

The mirror keeps partition, order, timestamp, key and value, but writes no source offset into the record. So the record
is looked for in the same partition of the source, from the first one that is not older, and of several equal ones the
one that is as many'th there as on the bus.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from confluent_kafka import Message

from config.kafka_client import ClientConfig
from kafka.partition_reader import PartitionReader

LONGEST_SEARCH = 200_000
"""Records read at most, since timestamps need not ascend: a few seconds."""

Matches = Callable[[Message], bool]


@dataclass(frozen=True)
class SourceOffset:
    """`offset` is None where the record was not found, and `problem` says why."""

    offset: int | None
    problem: str = ""


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
