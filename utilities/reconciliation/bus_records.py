"""The records of a topic, as one reading of it finds them: how many, where, and how to tell one from another."""

from array import array
from bisect import bisect_left
from collections.abc import Container
from dataclasses import dataclass, field

from config.kafka_client import ClientConfig
from kafka.dead_letters.letter import replayed_from
from kafka.log_reader import log_ranges, read_ranges
from kafka.posted import is_posted
from kafka.topics import TopicIdentity


@dataclass(frozen=True)
class PartitionRecords:
    """A partition's committed records in their order: 16 bytes a record.

    `offsets` are those of all; `replayed` those of the ones republished from dead letters, `posted` those that the API
    wrote; `contents` a hash of timestamp, key and value of each of the others, for comparisons within this process.
    `low` is the first offset that the topic keeps: below it, records have expired.
    """

    low: int = 0
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    replayed: "array[int]" = field(default_factory=lambda: array("q"))
    contents: "array[int]" = field(default_factory=lambda: array("q"))
    posted: "array[int]" = field(default_factory=lambda: array("q"))

    def below(self, offset: int) -> int:
        """How many records stand below `offset`."""
        return bisect_left(self.offsets, offset)

    def without(self, offsets: Container[int]) -> "PartitionRecords":
        """The same without the records at these offsets."""
        ours = {*self.replayed, *self.posted}
        plain = (offset for offset in self.offsets if offset not in ours)
        contents = (content for offset, content in zip(plain, self.contents, strict=True) if offset not in offsets)
        left, again, posted = (
            array("q", (offset for offset in some if offset not in offsets))
            for some in (self.offsets, self.replayed, self.posted)
        )
        return PartitionRecords(self.low, left, again, array("q", contents), posted)

    def not_mirrored_below(self, offset: int) -> int:
        """How many records that no mirror brought stand below `offset`."""
        return bisect_left(self.replayed, offset) + bisect_left(self.posted, offset)


def read_records(config: ClientConfig, topic: str, ours: TopicIdentity | None = None) -> dict[int, PartitionRecords]:
    """The committed records of each partition of `topic`, up to its end as of now.

    Where `ours` says which topic it is, those are told apart that were republished into it, or posted.
    Offsets alone do not tell how many there are: transaction markers and compaction leave gaps. A partition that never
    had a record is absent. Raises what `read_to_end` raises.
    """
    ranges = log_ranges(config, topic)
    found = {partition: PartitionRecords(low) for partition, (low, _) in ranges.items()}
    for message in read_ranges(config, topic, ranges):
        records, offset = found[message.partition() or 0], message.offset() or 0
        records.offsets.append(offset)
        if ours is not None and replayed_from(message, ours) is not None:
            records.replayed.append(offset)
        elif ours is not None and is_posted(message, ours):
            records.posted.append(offset)
        else:
            records.contents.append(hash((message.timestamp()[1], message.key(), message.value())))
    return {partition: records for partition, records in found.items() if records.low or records.offsets}
