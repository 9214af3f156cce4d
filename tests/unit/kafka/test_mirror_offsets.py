"""Where the mirror stands, as it is written to and read from the bus."""

import pytest
from confluent_kafka import Message

from kafka.lost_offsets import OffsetsLostError, SourceOffsetsLostError
from kafka.mirror import offsets as mirror_offsets
from kafka.mirror.offsets import MirrorOffset, Route, read_mirror_offsets

ROUTE = Route("cluster", "source", "destination")
OTHER = Route("another cluster", "source", "destination")


def record(route: Route, partition: int, offset: MirrorOffset) -> Message:
    return Message(key=route.key(partition), value=offset.value())


def test_the_newest_offset_of_each_partition_of_the_route_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    log = [
        record(ROUTE, 0, MirrorOffset(5, 5)),
        record(OTHER, 0, MirrorOffset(99, 99)),
        record(ROUTE, 1, MirrorOffset(7, 6, "a", "b")),
        record(ROUTE, 0, MirrorOffset(9, 8, "a", "b")),
        record(ROUTE, 4, MirrorOffset(1, 1)),
    ]
    monkeypatch.setattr(mirror_offsets, "read_to_end", lambda *_: iter(log))
    found = read_mirror_offsets({}, "offsets", ROUTE, 3)
    assert found == {0: MirrorOffset(9, 8, "a", "b"), 1: MirrorOffset(7, 6, "a", "b")}


def test_routes_from_two_clusters_never_share_a_key() -> None:
    assert ROUTE.key(0) != OTHER.key(0)
    assert ROUTE.key(0) == Route("cluster", "source", "destination").key(0)


def test_a_loss_names_the_range() -> None:
    assert "offsets 10 to 14 have expired" in str(OffsetsLostError("t", 1, 10, 15, 20))
    assert "ends at 20, before offset 30" in str(OffsetsLostError("t", 1, 30, 15, 20))


@pytest.mark.parametrize(("wanted", "diverged_at"), [(30, None), (17, 16)])
def test_only_of_the_local_topic_a_new_generation_keeps_what_was_truncated(
    wanted: int, diverged_at: int | None
) -> None:
    local, source = (kind("t", 1, wanted, 15, 20, diverged_at) for kind in (OffsetsLostError, SourceOffsetsLostError))
    assert "keep both with ./millrace new-generation, or go on from" in str(local)
    assert str(source).startswith("source topic t partition 1: ")
    assert "truncated" in str(source) and str(source).endswith("with --skip-lost")
    assert "new-generation" not in str(source)


def test_records_of_an_earlier_version_are_read_and_a_later_ones_additions_left_out() -> None:
    assert MirrorOffset.read(b'{"next_offset": 5, "records": 4}') == MirrorOffset(5, 4)
    assert MirrorOffset.read(b'{"next_offset": 5, "records": 4, "colour": "red"}') == MirrorOffset(5, 4)


def test_a_source_made_anew_keeps_what_was_counted_and_counts_what_is_lost() -> None:
    before = MirrorOffset(7, 6, "old", "out", dead=1, skipped=2, leader_epoch=3, source_end=9)
    after = before.made_anew("new", 0)
    assert (after.next_offset, after.records, after.earlier, after.skipped) == (0, 6, 7, 4)
    assert (after.source_id, after.destination_id, after.leader_epoch) == ("new", "out", None)


def test_what_a_truncation_took_from_a_former_source_counts_once() -> None:
    known = MirrorOffset(100, 100, "old").after_loss(0, 80)
    after = known.made_anew("new", 0)
    assert (known.truncated, after.earlier + after.truncated) == (20, after.records)


def test_after_a_loss_nothing_is_mirrored_twice() -> None:
    known = MirrorOffset(10, 10)
    expired, truncated = known.after_loss(15, 20), known.after_loss(0, 4)
    overgrown = known.after_loss(0, 20, diverged_at=8)
    assert (expired.next_offset, expired.skipped, expired.truncated) == (15, 5, 0)
    assert (truncated.next_offset, truncated.skipped, truncated.truncated) == (4, 0, 6)
    assert (overgrown.next_offset, overgrown.skipped, overgrown.truncated) == (10, 2, 2)
    shorter = known.after_loss(0, 9, diverged_at=8)
    assert (shorter.next_offset, shorter.skipped, shorter.truncated) == (9, 1, 2)


@pytest.mark.parametrize(("low", "end", "diverged_at"), [(0, 20, None), (10, 10, None), (0, 20, 10), (0, 20, 15)])
def test_nothing_is_skipped_where_nothing_mirrored_or_next_is_lost(low: int, end: int, diverged_at: int | None) -> None:
    known = MirrorOffset(10, 10, leader_epoch=3, source_end=12)
    assert known.after_loss(low, end, diverged_at) == known


@pytest.mark.parametrize(("low", "end", "diverged_at"), [(15, 20, None), (0, 4, None), (0, 20, 8), (0, 9, 8)])
def test_a_loss_that_is_told_of_what_was_skipped_for_it_is_no_second_one(
    low: int, end: int, diverged_at: int | None
) -> None:
    after = MirrorOffset(10, 10).after_loss(low, end, diverged_at)
    assert after.after_loss(low, end) == after
