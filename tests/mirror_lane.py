"""A lane of the mirror whose two clusters are one mock cluster."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest

from config.kafka_client import ClientConfig
from kafka.log_reader import read_to_end
from kafka.mirror import lane, transaction
from kafka.mirror.allowance import Allowance
from kafka.mirror.lane import Lane
from kafka.mirror.offsets import MirrorOffset, Route, read_mirror_offsets
from kafka.mirror.setup import LaneSetup
from kafka.mirror.source import CONSUMER
from kafka.mirror.writer import LANE_PRODUCER
from tests.mock_cluster import MockCluster

ROUTE = Route("c", "source", "out")
SECONDS = 20.0


class Mirror:
    """A lane of partition 0 from topic `source` to `out`, with `dead` and `offsets` beside it."""

    def __init__(self, cluster: MockCluster, producer: ClientConfig | None = None, **setup: object) -> None:
        self.cluster = cluster
        reader = {**cluster.client, **CONSUMER}
        writer = {**cluster.client, **LANE_PRODUCER, "linger.ms": 0, **(producer or {})}
        common: dict[str, object] = {"patience_seconds": None, "dead_letter_topic": "dead"}
        self.setup = LaneSetup(ROUTE, reader, writer, "offsets", **{**common, **setup})  # type: ignore[arg-type]
        self.lane = Lane(self.setup, 0, Event())
        self.lane.fence()

    def start(self, begin: MirrorOffset | None = None, known: MirrorOffset | None = None) -> "Mirror":
        self.lane.start(begin or MirrorOffset(0, 0), known, None)
        return self

    def copy_to(self, next_offset: int) -> MirrorOffset:
        """Copy until that source offset is reached, and return what the offsets topic says."""
        deadline = time.monotonic() + SECONDS
        while (reached := self.reached()).next_offset < next_offset:
            assert time.monotonic() < deadline, f"the lane stays at {reached}"
            self.copy()
        return reached

    def copy(self) -> None:
        self.lane.copy(Allowance(None), 0.2)

    def reached(self) -> MirrorOffset:
        return read_mirror_offsets(self.cluster.client, "offsets", ROUTE, 1).get(0, MirrorOffset(0, 0))

    def values(self) -> list[bytes | None]:
        return values_of(self.cluster, "out")


def values_of(cluster: MockCluster, topic: str) -> list[bytes | None]:
    """The values of the records of `topic`."""
    return [message.value() for message in read_to_end(cluster.client, topic)]


@contextmanager
def mirror_cluster() -> Iterator[MockCluster]:
    """A cluster with the topics of `Mirror`, whose lane makes short pauses only."""
    with pytest.MonkeyPatch.context() as patch, MockCluster() as cluster:
        patch.setattr(transaction, "SECONDS_TO_TAKE_OVER", 0.05)
        patch.setattr(lane, "pause_seconds", lambda _: 0.1)
        for topic in ("source", "out", "dead", "offsets"):
            cluster.create_topic(topic, 1)
        yield cluster
