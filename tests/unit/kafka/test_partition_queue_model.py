"""A partition's queue under any order of events: poll loop, worker and rebalance as hypothesis chooses them."""

import queue as handover
import threading

from confluent_kafka import Message
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kafka.consumer.partition_queue import BATCH_BYTES, BATCH_RECORDS, PartitionQueue

GIVEN_UP_SECONDS = 30.0


class RefusedError(Exception):
    """The store refuses a batch for good."""


class Worker(threading.Thread):
    """Writes as long as the queue wants it, each batch when it is told to go on."""

    def __init__(self, queue: PartitionQueue) -> None:
        super().__init__(daemon=True)
        self.written: list[int] = []
        self._queue = queue
        self._waits: handover.Queue[bool] = handover.Queue()
        self._goes_on: handover.Queue[bool] = handover.Queue()
        self.start()
        self._settle()

    def run(self) -> None:
        try:
            while self._queue.write_next(self._write):
                pass
        except RefusedError:
            pass
        self._waits.put(False)

    def _write(self, batch: list[Message]) -> None:
        self._waits.put(True)
        if not self._goes_on.get(timeout=GIVEN_UP_SECONDS):
            raise RefusedError
        self.written += [message.offset() or 0 for message in batch]

    def go_on(self, written: bool) -> None:
        """Let the batch in hand be written or refused, and wait until the worker holds another or is done."""
        self._goes_on.put(written)
        self._settle()

    def _settle(self) -> None:
        self.busy = self._waits.get(timeout=GIVEN_UP_SECONDS)


class QueueMachine(RuleBasedStateMachine):
    """What is added, written, refused and taken away, and what must hold after each step."""

    @initialize(first=st.integers(0, 5))
    def begin(self, first: int) -> None:
        self.queue = PartitionQueue(0, first)
        self.read_to = first
        self.added: list[int] = []
        self.workers: list[Worker] = []
        self.refused = self.closed = False
        self.greatest = first

    @property
    def written(self) -> list[int]:
        return [offset for worker in self.workers for offset in worker.written]

    @property
    def busy(self) -> list[Worker]:
        return [worker for worker in self.workers if worker.busy]

    @rule(
        gap=st.integers(0, 2),
        count=st.sampled_from([1, 2, 3, BATCH_RECORDS - 1, BATCH_RECORDS + 1]),
        again=st.integers(0, 3),
        large=st.booleans(),
    )
    def add(self, gap: int, count: int, again: int, large: bool) -> None:
        begin, end = self.read_to + gap, self.read_to + gap + count
        value = b"x" * (BATCH_BYTES // 2) if large and count <= 3 else b"x"
        told_again = range(max(self.read_to - again, 0), self.read_to)
        offsets = [*told_again, *range(begin, end)]
        send = self.queue.add([Message(topic="t", partition=0, offset=each, value=value) for each in offsets])
        if not (self.closed or self.refused):
            self.added += range(begin, end)
            self.read_to = end
        if send:
            self.workers.append(Worker(self.queue))

    @rule(marks=st.integers(0, 3))
    def reach_the_end(self, marks: int) -> None:
        self.queue.read_past(self.read_to + marks, None)
        if not (self.closed or self.refused):
            self.read_to += marks

    @precondition(lambda self: self.busy)
    @rule()
    def write(self) -> None:
        self.busy[0].go_on(written=True)

    @precondition(lambda self: self.busy)
    @rule()
    def refuse(self) -> None:
        self.refused = True
        self.busy[0].go_on(written=False)

    @rule()
    def take_away(self) -> None:
        self.closed = True
        assert self.queue.close(0) == (not self.busy)

    @invariant()
    def one_worker_at_a_time(self) -> None:
        assert len(self.busy) <= 1

    @invariant()
    def nothing_unwritten_is_passed(self) -> None:
        unwritten = sorted(set(self.added) - set(self.written))
        assert self.queue.written_to <= (unwritten[0] if unwritten else self.read_to)
        assert self.queue.written_to >= self.greatest
        self.greatest = self.queue.written_to

    @invariant()
    def each_record_is_written_once_and_in_order(self) -> None:
        assert self.written == self.added[: len(self.written)]

    def teardown(self) -> None:
        while self.busy:
            self.busy[0].go_on(written=True)
        self.nothing_unwritten_is_passed()
        self.each_record_is_written_once_and_in_order()
        if not (self.closed or self.refused):
            assert self.written == self.added
            assert self.queue.written_to == self.read_to


# Large batches are slow to make, and no time is asserted.
QueueMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAPartitionsQueue = QueueMachine.TestCase
