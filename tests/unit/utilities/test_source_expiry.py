"""Telling what has expired at the source from what the mirror lost, on records written by hand."""

from array import array

from utilities.reconciliation.bus_records import PartitionRecords
from utilities.reconciliation.source_expiry import expired_at_source


def records(contents: list[int], low: int = 0) -> PartitionRecords:
    return PartitionRecords(low, array("q", range(low, low + len(contents))), contents=array("q", contents))


def test_nothing_has_expired_where_the_source_keeps_its_first_record() -> None:
    assert expired_at_source(records([1, 2, 3]), 3, records([1, 2, 3]), 0, 3) == 0
    assert expired_at_source(records([1, 2, 3]), 3, records([1, 2]), 0, 2) == 0
    assert expired_at_source(records([]), 0, records([]), 0, 0) == 0


def test_what_the_bus_holds_before_the_sources_oldest_record_has_expired() -> None:
    assert expired_at_source(records([3, 4], low=2), 2, records([1, 2, 3, 4]), 0, 4) == 2
    assert expired_at_source(records([3, 4, 5], low=2), 2, records([1, 2, 3, 4]), 0, 4) == 2


def test_all_that_was_mirrored_has_expired_where_the_source_keeps_none_of_it() -> None:
    assert expired_at_source(records([], low=4), 0, records([1, 2, 3, 4]), 0, 4) == 4
    assert expired_at_source(records([5], low=4), 0, records([1, 2, 3, 4]), 0, 4) == 4


def test_a_record_that_the_mirror_lost_is_not_taken_for_expired() -> None:
    kept = records([2, 3, 4], low=1)
    assert expired_at_source(kept, 3, records([1, 2, 4]), 0, 3) == 1
    assert expired_at_source(kept, 3, records([1, 4]), 0, 2) == 0
    assert expired_at_source(kept, 3, records([1, 2, 2, 3, 4]), 0, 5) == 1


def test_of_equal_records_the_one_that_the_counts_point_to_is_the_oldest() -> None:
    assert expired_at_source(records([7, 7, 8], low=1), 3, records([7, 7, 7, 8]), 0, 4) == 1


def test_records_deleted_from_the_bus_count_as_mirrored() -> None:
    assert expired_at_source(records([3, 4], low=2), 2, records([2, 3, 4]), 1, 4) == 2
    assert expired_at_source(records([3, 4], low=2), 2, records([4]), 3, 4) == 2
    assert expired_at_source(records([3, 4], low=2), 2, records([5]), 3, 4) == 0
