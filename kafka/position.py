"""The bus position (topic, partition, offset) as one text that sorts as the positions do.

Five digits hold any partition number and nineteen any 64-bit offset, so a range of offsets is a range of keys.
"""

from typing import NamedTuple

OFFSET_DIGITS = 19
PARTITION_DIGITS = 5


class BusPosition(NamedTuple):
    """Where a record stands on the bus."""

    topic: str
    partition: int
    offset: int


def partition_key(topic: str, partition: int) -> str:
    """`topic:00002`: the part of a position's text that all records of a partition share."""
    return f"{topic}:{partition:0{PARTITION_DIGITS}d}"


def bus_position(topic: str, partition: int, offset: int) -> str:
    """`topic:00002:0000000000000000041`."""
    return f"{topic}:{partition:05d}:{offset:019d}"


def parse_position(text: str) -> BusPosition:
    """The position that `bus_position` wrote as `text`; raises ValueError for any other text."""
    topic, partition, offset = text.rsplit(":", 2) if text.count(":") >= 2 else ("", "", "")
    if not topic or len(partition) != PARTITION_DIGITS or len(offset) != OFFSET_DIGITS:
        raise ValueError(f"not a bus position: {text!r} (expected topic:partition:offset, zero-padded)")
    if not (partition.isascii() and partition.isdigit() and offset.isascii() and offset.isdigit()):
        raise ValueError(f"not a bus position: {text!r} (partition and offset must be digits)")
    return BusPosition(topic, int(partition), int(offset))
