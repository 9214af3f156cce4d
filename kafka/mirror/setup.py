"""What all lanes of a run share."""

import os
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from config.errors import TerminalError
from config.kafka_client import ClientConfig
from kafka.lost_offsets import NEW_GENERATION
from kafka.mirror.offsets import Route
from kafka.topic_sight import TopicSightings


class TakenOverError(TerminalError):
    """Another mirror of the same route has started: `owner` says where and when."""

    def __init__(self, doing: str, owner: str) -> None:
        self.owner = owner
        super().__init__(f"{doing}: another mirror took over ({owner or 'of an earlier version'}); run only one")


class DestinationDeletedError(TerminalError):
    """The topic that was mirrored to is not there."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        super().__init__(
            f"topic {topic}, which was mirrored to, was deleted; made anew, its positions would repeat those of the "
            f"stores: keep both with {NEW_GENERATION}"
        )


class UnknownRouteError(TerminalError):
    """The destination's partitions hold records, and the topic of offsets knows nothing of having mirrored to them."""

    def __init__(self, route: Route, offsets_topic: str, partitions: list[int]) -> None:
        source, destination = route.source_topic, route.destination_topic
        super().__init__(
            f"topic {offsets_topic} knows nothing of mirroring {source} of cluster {route.source_cluster} to "
            f"{destination}, which is not empty (partitions {partitions}): what was mirrored would be there twice; "
            f"set MIRROR_OFFSETS_TOPIC to the topic that knows, or leave {destination} as it is with {NEW_GENERATION} "
            "--truncated"
        )


def this_owner() -> str:
    """Names this process to a person, and no other one: host:pid, start in UTC, a random number."""
    return f"{socket.gethostname()}:{os.getpid()} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {uuid.uuid4().hex[:8]}"


def no_larger_letters(size: int) -> None:
    """Stands for the right to raise the dead-letter topic's limit."""
    raise TerminalError(f"its max.message.bytes is below {size}; raise it")


@dataclass(frozen=True)
class LaneSetup:
    """Client properties are complete; `patience_seconds` None waits for ever.

    Without a watch, a topic is not asked for its id. `raise_letter_limit` makes the dead-letter topic take letters of
    so many bytes, or raises TerminalError that says why not.
    """

    route: Route
    source: ClientConfig
    destination: ClientConfig
    offsets_topic: str
    patience_seconds: float | None
    dead_letter_topic: str = "dead_letters"
    skip_lost: bool = False
    owner: str = field(default_factory=this_owner)
    source_watch: TopicSightings | None = None
    destination_watch: TopicSightings | None = None
    raise_letter_limit: Callable[[int], None] = no_larger_letters

    @property
    def doing(self) -> str:
        """What errors say was tried."""
        source, destination = self.source["bootstrap.servers"], self.destination["bootstrap.servers"]
        return f"mirroring {self.route.source_topic} from {source} to {destination}"
