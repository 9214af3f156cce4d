"""Which offsets a run reads: from the warehouse's watermark to the landed one, in portions of bounded size."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition of the bus."""

    topic: str
    partition: int


class OffsetRange(NamedTuple):
    """The offsets `[from_offset, to_offset)` of a partition."""

    topic: str
    partition: int
    from_offset: int
    to_offset: int


class Portion(NamedTuple):
    """Some offsets of a partition, and the run that first loaded them: 0 where that is the run under way."""

    topic: str
    partition: int
    arrival: int
    offsets: Sequence[int]


def new_ranges(
    watermarks: Mapping[TopicPartition, int], landed: Mapping[TopicPartition, int], limit: int
) -> list[OffsetRange]:
    """One range a partition: what has landed and is not loaded, `limit` offsets in total at most.

    `watermarks` and `landed` hold the next offset of each partition; a partition without watermark starts at 0. The
    limit is shared in proportion, so that no partition falls behind the others.
    """
    waiting = {
        place: (watermarks.get(place, 0), next_offset)
        for place, next_offset in sorted(landed.items())
        if next_offset > watermarks.get(place, 0)
    }
    total = sum(to_offset - from_offset for from_offset, to_offset in waiting.values())
    share = min(1.0, limit / total) if total else 1.0
    return [
        OffsetRange(*place, from_offset, from_offset + max(1, int((to_offset - from_offset) * share)))
        for place, (from_offset, to_offset) in waiting.items()
    ]


def portions(offset_ranges: Iterable[OffsetRange], size: int, arrival: int = 0) -> list[Portion]:
    """The same offsets in portions of at most `size`, those of a range about equally long."""
    found = []
    for topic, partition, start, end in offset_ranges:
        parts = -(-(end - start) // size)
        bounds = [start + (end - start) * part // parts for part in range(parts + 1)]
        found += [Portion(topic, partition, arrival, range(*bound)) for bound in pairwise(bounds)]
    return found


def tasks(wanted: list[Portion], size: int) -> list[list[Portion]]:
    """The portions in groups of about `size` offsets: what one Spark task reads."""
    groups: list[list[Portion]] = []
    room = 0
    for portion in wanted:
        if room < len(portion.offsets):
            groups.append([])
            room = size
        groups[-1].append(portion)
        room -= len(portion.offsets)
    return groups


def offsets_in(ranges: list[OffsetRange]) -> int:
    """How many offsets the ranges span; records may be fewer, since transactions leave gaps."""
    return sum(piece.to_offset - piece.from_offset for piece in ranges)
