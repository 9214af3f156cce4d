"""Where reading begins: what the store knows decides, and loss is never passed over unasked."""

from dataclasses import replace

import pytest
from confluent_kafka import TopicPartition

from kafka.consumer.positions import Known, Start, start_of
from kafka.lost_offsets import OffsetsLostError, TruncatedError
from kafka.sinks.sink import StoreMark

BUS = Known(TopicPartition("t", 2), None, None, None, low=0, high=100)


def known(committed: int | None, mark: int | None, low: int = 0, skipped: int = 0) -> Known:
    kept = None if mark is None else StoreMark(mark, "id", 5, skipped)
    return replace(BUS, committed=committed, committed_epoch=None if committed is None else 4, mark=kept, low=low)


@pytest.mark.parametrize(
    ("committed", "mark", "low", "offset"),
    [
        (40, 40, 0, 40),
        # Killed between mark and commit: read again, and known by position.
        (30, 40, 0, 30),
        # A store restored from a backup, or one that lost what it had acknowledged.
        (90, 40, 0, 40),
        # The group's offsets expired: nothing that the store has is read again.
        (None, 40, 0, 40),
        # A store that was emptied.
        (90, None, 0, 0),
        (90, None, 20, 20),
        (None, None, 20, 20),
        # Retention passed the group, not the store: nothing is lost.
        (10, 40, 20, 20),
        (10, 20, 20, 20),
    ],
)
def test_the_stores_mark_decides_where_reading_begins(
    committed: int | None, mark: int | None, low: int, offset: int
) -> None:
    assert start_of(known(committed, mark, low), skip_lost=False).offset == offset


@pytest.mark.parametrize(("committed", "mark", "epoch"), [(40, 40, 5), (None, 40, 5), (30, 40, 4), (90, None, None)])
def test_the_epoch_is_that_of_the_position_which_was_chosen(
    committed: int | None, mark: int | None, epoch: int | None
) -> None:
    assert start_of(known(committed, mark), skip_lost=False).leader_epoch == epoch


def test_a_group_that_forgot_its_offset_is_told_again() -> None:
    assert start_of(known(None, 40), skip_lost=False).to_tell
    assert start_of(known(90, 40), skip_lost=False).to_tell
    assert not start_of(known(40, 40), skip_lost=False).to_tell
    assert not start_of(known(None, None), skip_lost=False).to_tell


def test_expired_offsets_are_lost_and_counted_when_skipped() -> None:
    lost = known(10, 10, low=25, skipped=7)
    with pytest.raises(OffsetsLostError, match=r"offsets 10 to 24 have expired"):
        start_of(lost, skip_lost=False)
    assert start_of(lost, skip_lost=True) == Start(25, None, 7 + 15, to_tell=True)


@pytest.mark.parametrize("skip_lost", [False, True])
def test_positions_that_a_truncation_frees_are_never_given_to_other_records(skip_lost: bool) -> None:
    with pytest.raises(TruncatedError, match=r"was truncated at 100, and the store has its records up to 129"):
        start_of(known(130, 130), skip_lost)


def test_a_truncated_topic_that_has_grown_over_what_was_read_is_lost_all_the_same() -> None:
    lost = replace(known(60, 60), diverged_at=45)
    with pytest.raises(OffsetsLostError, match=r"offsets 45 to 59 are other records"):
        start_of(lost, skip_lost=False)
    assert start_of(lost, skip_lost=True) == Start(60, None, 15, to_tell=True)
