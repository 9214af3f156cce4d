"""How far a partition may be committed, whatever happens to its batches."""

import threading

import pytest
from confluent_kafka import Message

from kafka.partition_queue import BATCH_BYTES, BATCH_RECORDS, PartitionQueue


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
    queue.read_past(BATCH_RECORDS + 5)
    assert queue.written_to == BATCH_RECORDS


def test_marks_of_transactions_at_the_end_are_passed_once_all_before_is_written() -> None:
    queue = PartitionQueue(0, 0)
    queue.add(records(0, 3))
    queue.read_past(5)
    assert queue.written_to == 0
    queue.write_next(ignore)
    assert queue.written_to == 5
    queue.read_past(6)
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
