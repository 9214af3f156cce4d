"""Which offsets a run reads."""

from spark.ranges import OffsetRange, TopicPartition, new_ranges, offsets_in, split

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


def test_pieces_cover_each_offset_once() -> None:
    ranges = [OffsetRange("t", 0, 10, 35), OffsetRange("t", 1, 0, 3)]
    pieces = split(ranges, 10)
    assert all(piece.to_offset - piece.from_offset <= 10 for piece in pieces)
    covered = [(piece.partition, offset) for piece in pieces for offset in range(piece.from_offset, piece.to_offset)]
    assert covered == [(0, offset) for offset in range(10, 35)] + [(1, offset) for offset in range(3)]
    assert offsets_in(pieces) == offsets_in(ranges) == 28
