"""Where reading of a partition begins: what the store knows decides, the group's offset only ever brings it back.

A group's offset is kept by the bus: it expires after seven idle days (offsets.retention.minutes), outlives a store
that was emptied or restored from a backup, and may be reset by anyone. The store's own mark does none of this.
"""

import logging
from dataclasses import dataclass

from confluent_kafka import TopicPartition

from kafka.lost_offsets import OffsetsLostError, TruncatedError
from kafka.sinks.sink import StoreMark

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """What is known of one partition when it is assigned.

    `committed` is the group's offset (None: it has none) with its leader epoch, `mark` the store's, `low` and `high`
    the first offset that the bus keeps and the end. `diverged_at` is where the log is known to have gone another way.
    """

    place: TopicPartition
    committed: int | None
    committed_epoch: int | None
    mark: StoreMark | None
    low: int
    high: int
    diverged_at: int | None = None


@dataclass(frozen=True)
class Start:
    """Reading begins at `offset`, after a record of `leader_epoch` (None: unknown, nothing to compare with).

    `skipped` is how many offsets of the partition were ever skipped. With `to_tell` the store or the group do not know
    this start yet, and are told even if no record follows.
    """

    offset: int
    leader_epoch: int | None
    skipped: int
    to_tell: bool = False


def start_of(known: Known, skip_lost: bool) -> Start:
    """Where to begin; raises OffsetsLostError where the bus lost what comes next, unless `skip_lost`.

    Raises TruncatedError where even that would not help.
    """
    mark, committed = known.mark, known.committed
    partition = known.place.partition
    if mark is None:
        if committed is not None and committed > known.low:
            logger.warning(
                "the store knows nothing of what its group has read: reading from the first offset "
                "partition=%d group=%d first=%d",
                partition,
                committed,
                known.low,
            )
        return Start(known.low, None, 0, to_tell=committed not in (None, known.low))
    if committed is not None and committed > mark.next_offset:
        logger.warning(
            "the store is behind its group: reading from the store's mark partition=%d store=%d group=%d",
            partition,
            mark.next_offset,
            committed,
        )
    lost = _lost(known, mark)
    if lost is not None:
        offset, missing = lost
        if not skip_lost:
            raise OffsetsLostError(
                known.place.topic, partition, mark.next_offset, known.low, known.high, known.diverged_at
            )
        logger.warning(
            "lost offsets are skipped partition=%d missing=%d store=%d going_on_at=%d",
            partition,
            missing,
            mark.next_offset,
            offset,
        )
        return Start(offset, None, mark.skipped + missing, to_tell=True)
    if committed is None or committed >= mark.next_offset:
        return Start(mark.next_offset, mark.leader_epoch, mark.skipped, to_tell=committed != mark.next_offset)
    if committed < known.low:  # what the bus no longer has below the store's mark is in the store
        return Start(known.low, None, mark.skipped, to_tell=True)
    return Start(committed, known.committed_epoch, mark.skipped)


def _lost(known: Known, mark: StoreMark) -> tuple[int, int] | None:
    """Where to go on, and how many offsets are missing; None where nothing is.

    Raises TruncatedError where the next records get positions under which the store holds others: they would be taken
    for those.
    """
    if mark.next_offset < known.low:
        return known.low, known.low - mark.next_offset
    if mark.next_offset > known.high:
        raise TruncatedError(known.place.topic, known.place.partition, mark.next_offset, known.high)
    if known.diverged_at is not None:
        return mark.next_offset, max(mark.next_offset - known.diverged_at, 0)
    return None
