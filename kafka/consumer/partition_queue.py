"""Records of one partition between the poll loop and the workers, and how far they have been written.

One worker at a time writes a partition, taking whole batches in order of offset, so the offset behind the last
written batch is always the highest contiguous one. Partitions are written side by side.

What several threads share is read, changed and decided upon under one lock. `told_to` and `paused` belong to the poll
loop alone, which is also the thread of the rebalance callbacks.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

from confluent_kafka import Message

from kafka.record_headers import UnreadableHeadersError, read_headers

BATCH_RECORDS = 3_000
BATCH_BYTES = 8 * 1024 * 1024
RECORD_OVERHEAD_BYTES = 600
"""What a record costs in this process beside its bytes: the objects that hold it (sys.getsizeof, CPython 3.11)."""
CONTAINER_BYTES = 8
"""An empty object in an array takes 29 times its JSON once decoded, what this many bytes more of any text take."""


@dataclass(frozen=True)
class Pending:
    """What waits in a queue, not yet taken by a worker."""

    records: int
    bytes: int


class PartitionQueue:
    """The queue of one assigned partition; safe to use from several threads.

    `next_offset` is where reading begins, `leader_epoch` that of the record before it, `skipped` how many offsets of
    the partition were passed over so far. `closing` is set when the partition is let go of: whoever waits in `write`
    for a server should give up.
    """

    def __init__(self, partition: int, next_offset: int, leader_epoch: int | None = None, skipped: int = 0) -> None:
        self.partition = partition
        self.skipped = skipped
        self.told_to = next_offset
        self.paused = False
        self.closing = Event()
        self._read_at = 0.0
        self._read_to, self._read_epoch = next_offset, leader_epoch
        self._written_to, self._leader_epoch = next_offset, leader_epoch
        self._pending: deque[tuple[Message, int]] = deque()
        self._pending_bytes = 0
        self._worker_sent = False
        self._writing = False
        self._closed = False
        self._changed = Condition()

    def add(self, records: list[Message]) -> bool:
        """Append records in order; True when a worker has to be sent to `write_next`."""
        with self._changed:
            if self._closed:
                return False
            self._read_at = time.monotonic()
            for record in records:
                # What was added before is not added again, or `written_to` would fall.
                if (record.offset() or 0) >= self._read_to:
                    size = record_bytes(record)
                    self._pending.append((record, size))
                    self._pending_bytes += size
                    self._read_to, self._read_epoch = (record.offset() or 0) + 1, record.leader_epoch()
            to_send = bool(self._pending) and not self._worker_sent
            self._worker_sent = self._worker_sent or to_send
            return to_send

    def read_past(self, offset: int, leader_epoch: int | None) -> None:
        """What is below `offset` has all been added: behind the last record there may be marks of transactions.

        Or a whole one that was aborted, of another leader than the record: `leader_epoch` is that of what is before
        `offset`, None where it is not known.
        """
        with self._changed:
            if not self._closed and offset > self._read_to:
                self._read_to, self._read_epoch = offset, leader_epoch
                self._pass_what_holds_no_records()

    def write_next(self, write: Callable[[list[Message]], None]) -> bool:
        """Write one batch; True when this worker has to come again. When `write` raises, the queue closes before it.

        Does nothing while another worker writes, so that a batch is never passed that is not written.
        """
        batch = self._take()
        if not batch:
            return False
        written = False
        try:
            write(batch)
            written = True
        finally:
            again = self._settle(batch[-1], written)
        return again

    def close(self, wait_seconds: float) -> bool:
        """Forget what is not being written yet and wait for what is; False when that took longer."""
        self.closing.set()
        with self._changed:
            self._close()
            return self._changed.wait_for(lambda: not self._writing, wait_seconds)

    @property
    def pending(self) -> Pending:
        """What no worker has taken yet."""
        with self._changed:
            return Pending(len(self._pending), self._pending_bytes)

    @property
    def read_at(self) -> float:
        """When the newest of its records was handed over (time.monotonic())."""
        with self._changed:
            return self._read_at

    @property
    def busy(self) -> bool:
        """Whether a worker has something to do here."""
        with self._changed:
            return self._writing or bool(self._pending)

    @property
    def written_to(self) -> int:
        """The offset that may be committed: everything below it is written."""
        with self._changed:
            return self._written_to

    @property
    def reached(self) -> tuple[int, int | None]:
        """`written_to`, and the leader epoch of what is before it; None where it is not known."""
        with self._changed:
            return self._written_to, self._leader_epoch

    def _take(self) -> list[Message]:
        with self._changed:
            if self._writing:
                return []
            if not self._pending:  # forgotten by `close` since this worker was sent
                self._worker_sent = False
                return []
            batch: list[Message] = []
            size = 0
            while self._pending and len(batch) < BATCH_RECORDS:
                record, record_size = self._pending[0]
                if batch and size + record_size > BATCH_BYTES:
                    break
                self._pending.popleft()
                batch.append(record)
                size += record_size
            self._pending_bytes -= size
            self._writing = True
            return batch

    def _settle(self, last: Message, written: bool) -> bool:
        with self._changed:
            self._writing = False
            if written:
                self._written_to, self._leader_epoch = (last.offset() or 0) + 1, last.leader_epoch()
            else:
                self._close()
            self._worker_sent = bool(self._pending)
            self._pass_what_holds_no_records()
            self._changed.notify_all()
            return self._worker_sent

    def _pass_what_holds_no_records(self) -> None:
        if not (self._closed or self._writing or self._pending):
            self._written_to, self._leader_epoch = self._read_to, self._read_epoch

    def _close(self) -> None:
        self._closed = True
        self._pending.clear()
        self._pending_bytes = 0


def record_bytes(record: Message) -> int:
    """What a record weighs in bytes: value, key, headers and the objects around them, and what decoding it makes."""
    value = record.value() or b""
    containers = value.count(b"{") + value.count(b"[")
    around = len(record.key() or b"") + _header_bytes(record) + RECORD_OVERHEAD_BYTES
    return len(value) + around + containers * CONTAINER_BYTES


def _header_bytes(record: Message) -> int:
    try:
        headers = read_headers(record)
    except UnreadableHeadersError:  # a name that is not UTF-8, which the client cannot give; the sink judges it
        return 0
    pairs = headers.items() if isinstance(headers, dict) else headers or ()
    return sum(len(name) + len(value or b"") for name, value in pairs)
