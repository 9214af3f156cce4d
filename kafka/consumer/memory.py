"""How much memory a consuming stage may take, whatever the size of its records and however long its store is away.

The sum (`most_bytes`), which a stage says at its start, must stay below the 1 GiB that compose gives:

| part | at most |
|---|---|
| the interpreter and its modules | 80 MiB |
| records that wait for a worker, of all partitions | `PENDING_BYTES`, and one read beyond it |
| one read of the poll loop: as the client holds it, and as Python does | 2 x `READ_BYTES` |
| a batch in each worker: as read, and decoded and encoded for the store | `BATCH_BYTES` x (1 + `DECODED_TIMES`) |
| what librdkafka has fetched ahead, one queue for all partitions | `PREFETCH_KBYTES` |
| an answer of each broker on its way | `FETCH_BYTES` |

A single record may be larger than any of these and passes alone, one at a time of all workers: brokers return the
first batch of records of a fetch whatever the limits (KIP-74), and the client takes answers up to
receive.message.max.bytes, 100 MB by default.
"""

from collections.abc import Sequence

from confluent_kafka import Message

from config.kafka_client import ClientConfig
from kafka.consumer.partition_queue import BATCH_BYTES, BATCH_RECORDS, Pending

MIB = 1024 * 1024
QUEUED_BATCHES = 2
"""A partition is paused with this many batches waiting, and resumed with fewer."""
PENDING_BYTES = 64 * MIB
"""All partitions are paused with so much waiting, and resumed with half of it: pausing throws away what was fetched."""
READ_BYTES = 8 * MIB
PREFETCH_KBYTES = 24 * 1024
FETCH_BYTES = 8 * MIB
DECODED_TIMES = 8
"""An event of nothing but small integers takes 7.5 times its JSON as Python objects and BSON, a view 4.3 times."""
BASE_BYTES = 80 * MIB
FIRST_READ_RECORDS = 100

CLIENT_LIMITS: ClientConfig = {
    # For the whole consumer, not for each partition: all partitions share one queue (librdkafka, CONFIGURATION.md).
    "queued.max.messages.kbytes": PREFETCH_KBYTES,
    # The default of 50 MiB for each broker is reached from 50 partitions on.
    "fetch.max.bytes": FETCH_BYTES,
}


def most_bytes(workers: int, brokers: int) -> int:
    """What a stage takes at most, but for records larger than a batch; see the table above."""
    waiting = PENDING_BYTES + READ_BYTES
    in_workers = workers * BATCH_BYTES * (1 + DECODED_TIMES)
    return BASE_BYTES + waiting + 2 * READ_BYTES + in_workers + PREFETCH_KBYTES * 1024 + brokers * FETCH_BYTES


class ReadSize:
    """How many records to ask for, so that one read holds about `READ_BYTES` of the records seen lately."""

    def __init__(self) -> None:
        self._record_bytes = READ_BYTES / FIRST_READ_RECORDS

    @property
    def records(self) -> int:
        """At least 1, at most a batch."""
        return max(1, min(BATCH_RECORDS, int(READ_BYTES / self._record_bytes)))

    def was(self, records: Sequence[Message]) -> None:
        """Learn from what was read: larger records at once, smaller ones slowly."""
        if records:
            mean = sum(map(len, records)) / len(records)
            self._record_bytes = max(mean, self._record_bytes / 2, 1.0)


class Pausing:
    """Which partitions have to be paused for what waits in their queues."""

    def __init__(self) -> None:
        self._full = False

    def behind(self, waiting: dict[int, Pending]) -> set[int]:
        """The partitions to pause: those with `QUEUED_BATCHES` waiting, or all while the sum is too large."""
        total = sum(pending.bytes for pending in waiting.values())
        self._full = total >= (PENDING_BYTES // 2 if self._full else PENDING_BYTES)
        if self._full:
            return set(waiting)
        return {
            partition
            for partition, pending in waiting.items()
            if pending.records >= QUEUED_BATCHES * BATCH_RECORDS or pending.bytes >= QUEUED_BATCHES * BATCH_BYTES
        }
