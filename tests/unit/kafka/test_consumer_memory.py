"""A stage's memory is bounded in bytes, whatever its records weigh and however long its store is away."""

from confluent_kafka import Message

from kafka.consumer.memory import MIB, PENDING_BYTES, QUEUED_BATCHES, READ_BYTES, Pausing, ReadSize, most_bytes
from kafka.consumer.partition_queue import BATCH_BYTES, BATCH_RECORDS, Pending

COMPOSE_GIVES = 1024 * MIB


def of_size(size: int, count: int) -> list[Message]:
    return [Message(topic="t", partition=0, offset=offset, value=b"x" * size) for offset in range(count)]


def test_the_sum_of_all_parts_stays_below_what_compose_gives() -> None:
    assert most_bytes(workers=5, brokers=3) < 0.75 * COMPOSE_GIVES


def test_the_sum_counts_every_part() -> None:
    apart_from_workers_and_brokers = 80 + 64 + 8 + 2 * 8 + 24  # MiB, as in the table of the module
    assert most_bytes(workers=0, brokers=0) == apart_from_workers_and_brokers * MIB
    assert most_bytes(workers=1, brokers=0) - most_bytes(workers=0, brokers=0) == 9 * BATCH_BYTES
    assert most_bytes(workers=0, brokers=1) - most_bytes(workers=0, brokers=0) == 8 * MIB


def test_fifty_partitions_do_not_take_fifty_times_the_memory() -> None:
    pausing = Pausing()
    each = PENDING_BYTES // 50
    assert pausing.behind({p: Pending(1, each - 1) for p in range(50)}) == set()
    assert pausing.behind({p: Pending(1, each + 1) for p in range(50)}) == set(range(50))


def test_reading_goes_on_only_when_half_is_written() -> None:
    pausing = Pausing()
    pausing.behind({0: Pending(1, PENDING_BYTES), 1: Pending(0, 0)})
    assert pausing.behind({0: Pending(1, 0), 1: Pending(1, PENDING_BYTES // 2)}) == {0, 1}
    assert pausing.behind({0: Pending(1, 0), 1: Pending(1, BATCH_BYTES)}) == set()


def test_a_partition_is_paused_for_its_records_or_for_their_bytes() -> None:
    many, large = Pending(QUEUED_BATCHES * BATCH_RECORDS, 1), Pending(1, QUEUED_BATCHES * BATCH_BYTES)
    assert Pausing().behind({0: many, 1: large, 2: Pending(1, 1)}) == {0, 1}


def test_one_read_holds_about_as_many_bytes_whatever_its_records_weigh() -> None:
    size = ReadSize()
    assert size.records * 100_000 <= 2 * READ_BYTES  # before anything is known
    for weight in (100_000, 1_000, 100_000, 10):
        for _ in range(20):
            size.was(of_size(weight, min(size.records, 10)))
        assert size.records == min(BATCH_RECORDS, READ_BYTES // weight)


def test_a_record_larger_than_a_read_is_asked_for_alone() -> None:
    size = ReadSize()
    size.was(of_size(32 * MIB, 1))
    assert size.records == 1
    size.was([])
    assert size.records == 1


def test_an_empty_read_and_empty_records_divide_by_nothing() -> None:
    size = ReadSize()
    for _ in range(50):
        size.was(of_size(0, 2))
    assert size.records == BATCH_RECORDS
