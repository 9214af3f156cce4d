"""Which offsets Spark has planned for a batch: its log of them, written before the batch begins.

Records alone do not tell: marks of transactions and what was aborted take offsets, too.
"""

from collections.abc import Mapping
from pathlib import Path

import orjson


def planned_ends(checkpoint: Path, batch_id: int) -> dict[int, int]:
    """By partition, the offset that the batch ends before."""
    *_, of_source = (checkpoint / "offsets" / str(batch_id)).read_text(encoding="utf-8").splitlines()
    (of_topic,) = orjson.loads(of_source).values()
    return {int(partition): int(end) for partition, end in of_topic.items()}


def perhaps_unread(starts: Mapping[int, int], ends: Mapping[int, int], most_offsets: int) -> set[int]:
    """Partitions that may have had more than the batch takes of them: all that a full one takes anything of.

    Spark shares `most_offsets` among the partitions with records, by size and rounded, at least one to each. A batch
    that is not full takes everything. A partition that was added since has no start: it begins at 0.
    """
    taken = {partition: end - starts.get(partition, 0) for partition, end in ends.items()}
    if sum(taken.values()) < most_offsets - len(ends):
        return set()
    return {partition for partition, offsets in taken.items() if offsets > 0}
