"""Where the mirror stands: for each source partition the next offset, in a compacted topic of the destination.

The mirror writes these records in the transaction that carries the events, so both are there or neither is.
"""

import json
from dataclasses import dataclass

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
    """`next_offset` of the source is the first not mirrored; `records` have been mirrored in all.

    The ids tell topics that were deleted and made anew from those the offset belongs to; empty where a broker has none.
    """

    next_offset: int
    records: int
    source_id: str = ""
    destination_id: str = ""

    def value(self) -> bytes:
        """The record value in the offsets topic."""
        return json.dumps(self.__dict__).encode()


def read_mirror_offsets(config: ClientConfig, topic: str, route: Route, partitions: int) -> dict[int, MirrorOffset]:
    """The newest committed record of each partition of `route`; a partition never mirrored is absent.

    `config` reads `topic` on the destination; raises what `read_to_end` raises.
    """
    wanted = {route.key(partition): partition for partition in range(partitions)}
    found: dict[int, MirrorOffset] = {}
    for message in read_to_end(config, topic):
        key, value = message.key(), message.value()
        if key in wanted and value is not None:
            found[wanted[key]] = MirrorOffset(**json.loads(value))
    return found
