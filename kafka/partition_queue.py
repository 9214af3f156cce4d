"""Records of one partition between the poll loop and the workers, and how far they have been written.

One worker at a time writes a partition, taking whole batches in order of offset, so the offset behind the last
written batch is always the highest contiguous one. Partitions are written side by side.
"""

from collections.abc import Callable
from threading import Condition

from confluent_kafka import Message

BATCH_RECORDS = 3_000
BATCH_BYTES = 16 * 1024 * 1024


class PartitionQueue:
    """The queue of one assigned partition; `next_offset` is where reading begins. Safe to use from several threads."""

    def __init__(self, partition: int, next_offset: int) -> None:
        self.partition = partition
        self.committed = next_offset
        self.paused = False
        self._read_to = next_offset
        self._written_to = next_offset
        self._pending: list[Message] = []
        self._writing = False
        self._closed = False
        self._changed = Condition()

    def add(self, records: list[Message]) -> bool:
        """Append records in order; True when a worker has to be sent to `write_next`."""
        with self._changed:
            self._pending += records
            self._read_to = max(self._read_to, (records[-1].offset() or 0) + 1)
            sent, self._writing = self._writing, True
            return not sent

    def read_past(self, offset: int) -> None:
        """What is below `offset` has all been added: behind the last record there may be marks of transactions."""
        with self._changed:
            self._read_to = max(self._read_to, offset)
            if not self._pending and not self._writing and not self._closed:
                self._written_to = self._read_to

    def write_next(self, write: Callable[[list[Message]], None]) -> bool:
        """Write one batch; True when another waits. When `write` raises, the queue closes before that batch."""
        batch = self._take()
        written_to = None
        try:
            if batch:
                write(batch)
                written_to = (batch[-1].offset() or 0) + 1
        finally:
            with self._changed:
                self._settle(written_to)
        return self._writing

    def close(self, wait_seconds: float) -> bool:
        """Forget what is not being written yet and wait for what is; False when that took longer."""
        with self._changed:
            self._closed = True
            self._pending = []
            return self._changed.wait_for(lambda: not self._writing, wait_seconds)

    @property
    def pending(self) -> int:
        """Records not yet taken by a worker."""
        return len(self._pending)

    @property
    def written_to(self) -> int:
        """The offset that may be committed: everything below it is written."""
        return self._written_to

    def has_written(self, end: int) -> bool:
        """Whether everything below `end` is written."""
        return self._written_to >= end

    def _take(self) -> list[Message]:
        with self._changed:
            batch = self._pending[:BATCH_RECORDS]
            while len(batch) > 1 and sum(map(len, batch)) > BATCH_BYTES:
                batch = batch[: len(batch) // 2]
            self._pending = self._pending[len(batch) :]
            return batch

    def _settle(self, written_to: int | None) -> None:
        if written_to is None:
            self._closed = True  # the write failed, or the batch was forgotten by `close`
        else:
            self._written_to = written_to
        self._writing = bool(self._pending) and not self._closed
        if not self._pending and not self._closed:
            self._written_to = self._read_to
        self._changed.notify_all()
