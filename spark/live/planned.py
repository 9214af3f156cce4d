"""Which offsets Spark has planned for a batch: its log of them, written before the batch begins.

Records alone do not tell: marks of transactions and what was aborted take offsets, too.
"""

from collections.abc import Mapping
from pathlib import Path

import orjson


def planned_ends(checkpoint: Path, batch_id: int) -> dict[tuple[str, int], int]:
    """By topic and partition, the offset that the batch ends before."""
    *_, of_source = (checkpoint / "offsets" / str(batch_id)).read_text(encoding="utf-8").splitlines()
    told = orjson.loads(of_source)
    return {(topic, int(partition)): int(end) for topic, ends in told.items() for partition, end in ends.items()}


def perhaps_unread(
    starts: Mapping[tuple[str, int], int], ends: Mapping[tuple[str, int], int], most_offsets: int
) -> set[tuple[str, int]]:
    """Partitions that may have had more than the batch takes of them: all that a full one takes anything of.

    Spark shares `most_offsets` among the partitions with records, by size and rounded, at least one to each. A batch
    that is not full takes everything. A partition that was added since has no start: it begins at 0.
    """
    taken = {place: end - starts.get(place, 0) for place, end in ends.items()}
    if sum(taken.values()) < most_offsets - len(ends):
        return set()
    return {place for place, offsets in taken.items() if offsets > 0}
