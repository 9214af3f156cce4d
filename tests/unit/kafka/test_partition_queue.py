"""How far a partition may be committed, whatever happens to its batches."""

import threading
from collections.abc import Callable
from threading import Condition
from typing import Any

import pytest
from confluent_kafka import Message

from kafka.consumer.partition_queue import BATCH_BYTES, BATCH_RECORDS, RECORD_OVERHEAD_BYTES, PartitionQueue, Pending


def records(start: int, end: int, size: int = 1) -> list[Message]:
    return [Message(topic="t", partition=0, offset=offset, value=b"x" * size) for offset in range(start, end)]


def ignore(_: list[Message]) -> None:
    """A store that takes everything."""


def test_nothing_is_committed_before_it_is_written() -> None:
    queue = PartitionQueue(0, 10)
    queue.add(records(10, 20))
    assert queue.written_to == 10
    queue.write_next(ignore)
    assert queue.written_to == 20


def test_batches_are_written_in_order_of_offset() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, BATCH_RECORDS + 10))
    queue.add(records(BATCH_RECORDS + 10, 2 * BATCH_RECORDS))
    offsets: list[int | None] = []
    while queue.write_next(lambda batch: offsets.extend(message.offset() for message in batch)):
        pass
    assert offsets == list(range(2 * BATCH_RECORDS))
    assert queue.written_to == 2 * BATCH_RECORDS


def test_only_one_worker_is_sent_to_a_partition() -> None:
    queue = PartitionQueue(0, 0)
    assert queue.add(records(0, 1))
    assert not queue.add(records(1, 2))
    assert not queue.write_next(ignore)
    assert queue.add(records(2, 3))


def test_a_failed_write_is_never_passed() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, BATCH_RECORDS + 1))
    queue.write_next(ignore)

    def fail(_: list[Message]) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        queue.write_next(fail)
    queue.read_past(BATCH_RECORDS + 5, None)
    assert queue.written_to == BATCH_RECORDS


def test_marks_of_transactions_at_the_end_are_passed_once_all_before_is_written() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 3))
    queue.read_past(5, None)
    assert queue.written_to == 0
    queue.write_next(ignore)
    assert queue.written_to == 5
    queue.read_past(6, None)
    assert queue.written_to == 6


def test_what_a_rebalance_takes_away_is_neither_written_nor_passed() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 3))
    started, finish = threading.Event(), threading.Event()

    def write(_: list[Message]) -> None:
        started.set()
        finish.wait(10)

    worker = threading.Thread(target=queue.write_next, args=(write,))
    worker.start()
    started.wait(10)
    queue.add(records(3, 9))
    assert not queue.close(0.01)
    finish.set()
    assert queue.close(10)
    worker.join(10)
    assert queue.written_to == 3
    assert not queue.write_next(ignore)
    assert queue.written_to == 3


def test_a_batch_is_bounded_in_bytes() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 3, BATCH_BYTES // 2 + 1))
    sizes: list[int] = []
    while queue.write_next(lambda batch: sizes.append(len(batch))):
        pass
    assert sizes == [1, 1, 1]


def test_a_batch_is_bounded_in_what_decoding_its_records_makes() -> None:
    """A megabyte of empty objects becomes thirty; one of text little more than itself."""
    value = b'{"a":[' + b"{}," * 300_000 + b"{}]}"
    queue = PartitionQueue(0, 0)
    queue.add([Message(topic="t", partition=0, offset=offset, value=value) for offset in range(4)])
    sizes: list[int] = []
    while queue.write_next(lambda batch: sizes.append(len(batch))):
        pass
    assert sizes == [2, 2]


class Released:
    """A queue's lock that lets another thread in at the `turn`-th release by the worker."""

    def __init__(self, inner: Condition, turn: int, intrude: Callable[[], None]) -> None:
        self._inner, self._turns, self._intrude = inner, turn, intrude

    def __enter__(self) -> bool:
        return self._inner.__enter__()

    def __exit__(self, *details: Any) -> None:
        self._inner.__exit__(*details)
        self._turns -= 1
        if self._turns == -1:  # the intruder's own releases come after
            intruder = threading.Thread(target=self._intrude)
            intruder.start()
            intruder.join(10)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("intrusion", ["one more", "two batches more", "the end", "taken away", "looked at"])
def test_whatever_happens_between_two_steps_of_a_worker_no_second_one_is_sent(turn: int, intrusion: str) -> None:
    queue = PartitionQueue(0, 0)
    written: list[int | None] = []
    added = BATCH_RECORDS + 1  # a worker that comes twice, and lets go of the lock four times
    promised = [queue.add(records(0, added))]

    def intrude() -> None:
        nonlocal added
        if intrusion in ("one more", "two batches more"):
            for count in (1,) if intrusion == "one more" else (BATCH_RECORDS, BATCH_RECORDS):
                promised.append(queue.add(records(added, added + count)))
                added += count
        elif intrusion == "the end":
            queue.read_past(added + 1, None)
        elif intrusion == "taken away":
            queue.close(0)
        else:
            assert queue.written_to <= len(written)

    lock = vars(queue)["_changed"]
    vars(queue)["_changed"] = Released(lock, turn, intrude)
    workers = 0
    while workers < sum(promised):
        workers += 1
        more = True
        while more:
            more = queue.write_next(lambda batch: written.extend(message.offset() for message in batch))
            # One that comes again, or one that was sent: never both.
            assert sum(promised) - workers + more <= 1
    vars(queue)["_changed"] = lock
    assert written == list(range(len(written)))
    if intrusion != "taken away":
        assert len(written) == added
        assert queue.written_to >= added
    else:
        assert queue.written_to == len(written)


def test_a_batch_in_hand_is_not_joined_by_a_second_worker() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, BATCH_RECORDS + 1))
    started, finish = threading.Event(), threading.Event()

    def write(_: list[Message]) -> None:
        started.set()
        finish.wait(10)

    worker = threading.Thread(target=queue.write_next, args=(write,))
    worker.start()
    started.wait(10)
    assert not queue.write_next(ignore)
    assert queue.written_to == 0
    finish.set()
    worker.join(10)
    assert queue.written_to == BATCH_RECORDS


def test_a_partition_that_is_taken_away_does_not_wait_for_a_worker_that_has_not_come_yet() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 1))
    assert queue.close(0)
    assert not queue.add(records(1, 2))
    assert not queue.write_next(ignore)


def test_a_record_that_was_added_is_not_added_again() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 3))
    queue.add(records(1, 4))
    queue.write_next(ignore)
    queue.add(records(0, 2))
    assert queue.written_to == 4
    assert queue.pending.records == 0


def test_what_waits_is_counted_in_bytes_of_value_key_and_headers() -> None:
    queue = PartitionQueue(0, 0)
    queue.add([Message(topic="t", partition=0, offset=0, value=b"x" * 100, key=b"y" * 20, headers=[("h", b"z" * 3)])])
    assert queue.pending == Pending(1, 124 + RECORD_OVERHEAD_BYTES)
    queue.write_next(ignore)
    assert queue.pending == Pending(0, 0)


def test_the_leader_epoch_is_that_of_what_was_read_last() -> None:
    queue = PartitionQueue(0, 5, leader_epoch=2)
    assert queue.reached == (5, 2)
    queue.add([Message(topic="t", partition=0, offset=5, value=b"x", leader_epoch=4)])
    queue.read_past(7, 5)  # a transaction that another leader aborted
    assert queue.reached == (5, 2)
    queue.write_next(ignore)
    assert queue.reached == (7, 5)
    queue.read_past(7, None)
    assert queue.reached == (7, 5)
