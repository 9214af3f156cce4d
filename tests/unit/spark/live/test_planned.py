"""What Spark has planned for a batch, and of which partitions it may have left something."""

from pathlib import Path

from spark.live.planned import perhaps_unread, planned_ends

LOG = """v1
{"batchWatermarkMs":0,"batchTimestampMs":1795783819200,"conf":{"spark.sql.shuffle.partitions":"2"}}
{"views":{"0":34,"1":34,"2":31},"clicks":{"0":7}}"""


def of(topic: str, *offsets: int) -> dict[tuple[str, int], int]:
    return {(topic, partition): offset for partition, offset in enumerate(offsets)}


def test_the_ends_of_a_batch_are_those_of_sparks_log(tmp_path: Path) -> None:
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "7").write_text(LOG)
    assert planned_ends(tmp_path, 7) == {**of("views", 34, 34, 31), **of("clicks", 7)}


def test_a_batch_that_is_not_full_leaves_nothing_unread() -> None:
    assert perhaps_unread(of("views", 10, 10), of("views", 90, 11), 100) == set()


def test_a_full_batch_may_leave_something_of_each_partition_that_it_takes_of() -> None:
    assert perhaps_unread(of("views", 10, 10, 10), of("views", 107, 11, 10), 100) == {("views", 0), ("views", 1)}


def test_a_partition_that_was_added_is_read_from_its_beginning() -> None:
    assert perhaps_unread(of("views", 10), of("views", 10, 200), 200) == {("views", 1)}
