"""Where the mirror stands: for each source partition the next offset, in a compacted topic of the destination.

The mirror writes these records in the transaction that carries the events, so both are there or neither is.
"""

import json
from dataclasses import dataclass, fields, replace
from typing import Self

from config.kafka_client import ClientConfig
from kafka.log_reader import read_to_end


@dataclass(frozen=True)
class Route:
    """From which log to which topic. `source_cluster` is the Kafka cluster id, so that another cluster starts anew."""

    source_cluster: str
    source_topic: str
    destination_topic: str

    def key(self, partition: int) -> bytes:
        """The record key in the offsets topic: one for each source partition."""
        return json.dumps({**self.__dict__, "partition": partition}, sort_keys=True).encode()


@dataclass(frozen=True)
class MirrorOffset:
    """`next_offset` of the source is the first not mirrored; `records` were written to the destination in all.

    The ids tell topics that were deleted and made anew from those the offset belongs to; empty where a broker has none.
    What came after the ids is absent from older records. Counts are of the route's whole life, but for `truncated`.
    """

    next_offset: int
    records: int
    source_id: str = ""
    destination_id: str = ""
    dead: int = 0
    """Records that were dead-lettered instead."""
    skipped: int = 0
    """Offsets that were never mirrored: lost at the source, by expiry or with a topic made anew."""
    truncated: int = 0
    """Offsets of the present source topic that were mirrored and that a truncation has removed since."""
    earlier: int = 0
    """Of `records` and `dead`, those from source topics that were made anew since."""
    leader_epoch: int | None = None
    """Of the last record read, so that a truncation shows even where the log has grown again (KIP-320)."""
    source_end: int = 0
    """The source's end as it was last known: what lies between is lost when the topic is made anew."""
    owner: str = ""
    """The mirror process that wrote the record; the next one to start takes over."""

    def value(self) -> bytes:
        """The record value in the offsets topic."""
        return json.dumps(self.__dict__).encode()

    @classmethod
    def read(cls, value: bytes) -> Self:
        """What `value` wrote, in this or an earlier version; a later version's additions are left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: content for name, content in json.loads(value).items() if name in known})

    def made_anew(self, source_id: str, low: int) -> Self:
        """The beginning, `low`, of a source topic that took the place of this one's."""
        return replace(
            self,
            next_offset=low,
            source_id=source_id,
            skipped=self.skipped + self.not_mirrored,
            truncated=0,  # counted among the earlier ones from now on
            earlier=self.records + self.dead,
            leader_epoch=None,
            source_end=low,
        )

    @property
    def not_mirrored(self) -> int:
        """Offsets of the source, as far as known, that are not mirrored yet."""
        return max(self.source_end - self.next_offset, 0)

    def after_loss(self, low: int, end: int, diverged_at: int | None = None) -> Self:
        """Where to go on in a source that has only `[low, end)`: never at what was mirrored before.

        With `diverged_at`, the source was truncated there and has grown again, by other records. The same where nothing
        before `next_offset` is lost, and nothing that comes next.
        """
        kept = min(self.next_offset, end if diverged_at is None else min(end, diverged_at))
        going_on = max(low, min(self.next_offset, end))
        if kept == self.next_offset == going_on:
            return self
        return replace(
            self,
            next_offset=going_on,
            skipped=self.skipped + going_on - kept,
            truncated=self.truncated + self.next_offset - kept,
            leader_epoch=None,
            source_end=end,
        )


def read_mirror_offsets(config: ClientConfig, topic: str, route: Route, partitions: int) -> dict[int, MirrorOffset]:
    """The newest committed record of each partition of `route`; a partition never mirrored is absent.

    `config` reads `topic` on the destination; raises what `read_to_end` raises.
    """
    wanted = {route.key(partition): partition for partition in range(partitions)}
    found: dict[int, MirrorOffset] = {}
    for message in read_to_end(config, topic):
        key, value = message.key(), message.value()
        if key in wanted and value is not None:
            found[wanted[key]] = MirrorOffset.read(value)
    return found
