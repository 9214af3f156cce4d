"""The events that both sides of a comparison get: generated ones, the same bytes for each."""

import time
from collections.abc import Iterable, Iterator
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from confluent_kafka import Producer

from config.kafka_client import ClientConfig
from utilities.event_generator.delivery import partition_of
from utilities.event_generator.stream import Plan, generate

PARTITIONS = 3
SEED = 3
FLUSH_SECONDS = 120.0
HEADER = "millrace-run"
# One event in four is a product view (10.9 of 41.4 million, docs/events.md); a little more, since the share is drawn.
EVENTS_PER_VIEW = 4.2
PRODUCT_VIEW = b'"collection":"view_product_detail"'


class FeedRecord(NamedTuple):
    """One record on its way into a topic; the time is in milliseconds."""

    partition: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int

    def headers(self) -> list[tuple[str, str | bytes | None]]:
        """One header, as the event generator's records have it."""
        return [(HEADER, f"benchmark:{self.timestamp_ms}".encode())]


def events(number: int) -> Iterator[FeedRecord]:
    """`number` generated events of all kinds, with the generator's usual oddities, over 30 days."""
    plan = Plan(number, SEED, date(2026, 1, 1), days=30, duplicates=0.002, late=0.005, broken=0.0002)
    now_ms = int(time.time() * 1000)
    for position, (timestamp_ms, key, value) in enumerate(generate(plan)):
        yield FeedRecord(partition_of(key, position, PARTITIONS), key, value, min(timestamp_ms, now_ms))


def product_views(number: int) -> Iterator[FeedRecord]:
    """The first `number` product views of a feed that is long enough."""
    feed = events(max(int(number * EVENTS_PER_VIEW), 10_000))
    return islice((record for record in feed if record.value and PRODUCT_VIEW in record.value), number)


class Digest:
    """Count and SHA-256 of the records of each partition, in their order, with key, value, time and headers."""

    def __init__(self) -> None:
        self._hashes = [sha256() for _ in range(PARTITIONS)]
        self._counts = [0] * PARTITIONS

    def add(self, record: FeedRecord, headers: list[tuple[str, str | bytes | None]] | None) -> None:
        """The next record of its partition."""
        self._hashes[record.partition].update(repr((*record, headers)).encode())
        self._counts[record.partition] += 1

    def result(self) -> list[tuple[int, str]]:
        """Count and digest, by partition."""
        return [(count, each.hexdigest()) for count, each in zip(self._counts, self._hashes, strict=True)]


class Feed:
    """Records held in memory, to be sent again and again."""

    def __init__(self, records: Iterable[FeedRecord]) -> None:
        self.records = list(records)
        digest = Digest()
        for record in self.records:
            digest.add(record, record.headers())
        self.digest = digest.result()
        self.last_values = {record.partition: record.value for record in self.records}

    def __len__(self) -> int:
        return len(self.records)

    @property
    def mean_bytes(self) -> float:
        """Mean length of a value."""
        return sum(len(record.value or b"") for record in self.records) / max(len(self.records), 1)

    def counts(self) -> list[int]:
        """Records of each partition."""
        return [count for count, _ in self.digest]


class TopicWriter:
    """Writes records to a topic in one transaction a call: readers of committed records see all of them at once."""

    def __init__(self, client: ClientConfig, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(
            {
                **client,
                "transactional.id": f"benchmark-{topic}",
                "transaction.timeout.ms": 900_000,
                "compression.type": "lz4",
                "linger.ms": 50,
                "delivery.report.only.error": True,
                "queue.buffering.max.messages": 200_000,
            }
        )
        self._producer.init_transactions(FLUSH_SECONDS)

    def prepare(self, records: Iterable[FeedRecord]) -> None:
        """Send records that nobody may read yet."""
        self._producer.begin_transaction()
        for record in records:
            self._send(record)
        self._producer.flush(FLUSH_SECONDS)

    def release(self) -> float:
        """Let the prepared records be read; returns the monotonic time at which this was asked for."""
        asked = time.monotonic()
        self._producer.commit_transaction(FLUSH_SECONDS)
        return asked

    def write(self, records: Iterable[FeedRecord]) -> None:
        """Send records and let them be read."""
        self.prepare(records)
        self.release()

    def _send(self, record: FeedRecord) -> None:
        while True:
            try:
                return self._producer.produce(
                    self._topic,
                    record.value,
                    record.key,
                    record.partition,
                    timestamp=record.timestamp_ms,
                    headers=record.headers(),
                )
            except BufferError:
                self._producer.poll(0.05)
