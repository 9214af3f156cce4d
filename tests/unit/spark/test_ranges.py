"""Which offsets a run reads."""

from spark.ranges import OffsetRange, Portion, TopicPartition, new_ranges, portions, tasks

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)


def test_a_run_reads_from_the_watermark_to_what_has_landed() -> None:
    ranges = new_ranges({FIRST: 10}, {FIRST: 30, SECOND: 5}, limit=1_000)
    assert ranges == [OffsetRange("t", 0, 10, 30), OffsetRange("t", 1, 0, 5)]


def test_a_partition_with_nothing_new_is_left_alone() -> None:
    assert new_ranges({FIRST: 30, SECOND: 7}, {FIRST: 30, SECOND: 5}, limit=1_000) == []


def test_the_limit_is_shared_and_every_run_moves_each_partition() -> None:
    landed = {FIRST: 900, SECOND: 3}
    assert new_ranges({}, landed, limit=90) == [OffsetRange("t", 0, 0, 89), OffsetRange("t", 1, 0, 1)]
    watermarks: dict[TopicPartition, int] = {}
    while ranges := new_ranges(watermarks, landed, limit=90):
        watermarks |= {TopicPartition(piece.topic, piece.partition): piece.to_offset for piece in ranges}
    assert watermarks == landed


def test_portions_cover_each_offset_once_and_stay_bounded() -> None:
    found = portions([OffsetRange("t", 0, 10, 35), OffsetRange("t", 1, 0, 3)], 10, arrival=7)
    assert all(len(portion.offsets) <= 10 and portion.arrival == 7 for portion in found)
    covered = [(portion.partition, offset) for portion in found for offset in portion.offsets]
    assert covered == [(0, offset) for offset in range(10, 35)] + [(1, offset) for offset in range(3)]


def test_a_task_reads_many_small_portions_and_none_is_lost() -> None:
    small = [Portion("t", 0, run, range(10 * run, 10 * run + 3)) for run in range(8)]
    groups = tasks([*small, Portion("t", 1, 9, range(50))], 10)
    assert [portion for group in groups for portion in group] == [*small, Portion("t", 1, 9, range(50))]
    assert [len(group) for group in groups] == [3, 3, 2, 1]
    assert tasks([], 10) == []
