"""A mirror that is started while another one works goes on exactly where that one was stopped."""

import time
from collections.abc import Callable, Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.kafka_client import LoginConfig
from kafka import absence
from kafka.client import MissingTopicError, find_topic
from kafka.mirror import lanes as mirror_lanes
from kafka.mirror.allowance import Allowance
from kafka.mirror.lane import Lane
from kafka.mirror.lanes import NOW, Lanes
from kafka.mirror.offsets import MirrorOffset, read_mirror_offsets
from kafka.mirror.setup import DestinationDeletedError, UnknownRouteError
from kafka.topic_sight import TopicSight
from tests.mirror_lane import mirror_cluster, values_of
from tests.mock_cluster import MockCluster


class Clusters:
    """One mock cluster as both, whose topics have the ids and partitions that a test says."""

    def __init__(self, cluster: MockCluster) -> None:
        self.cluster = cluster
        self.seen = {"source": TopicSight("old", 1), "out": TopicSight("out-id", 1)}

    def asking(self, config: object, topic: str, doing: object) -> Callable[[], TopicSight]:
        def ask() -> TopicSight:
            if topic not in self.seen:
                raise MissingTopicError("no such topic")
            return self.seen[topic]

        return ask

    def produce(self, count: int, kind: str, partition: int = 0) -> None:
        for number in range(count):
            self.cluster.produce("source", partition, f"{kind}{number}".encode())

    def make_anew(self, partitions: int = 1) -> None:
        self.cluster.delete_topic("source")
        self.cluster.create_topic("source", partitions)
        self.seen["source"] = TopicSight("new", partitions)

    def lanes(self, skip_lost: bool = False, offsets: str = "offsets") -> Lanes:
        client = LoginConfig(self.cluster.client, "")
        settings = SimpleNamespace(
            source=client,
            source_topic="source",
            source_brokers="",
            source_username="",
            destination=client,
            destination_topic="out",
            dead_letter_topic="dead",
            mirror_offsets_topic=offsets,
            kafka_mirror_username="",
            kafka_min_insync=1,
            kafka_replication=1,
            kafka_retention_ms=-1,
            mirror_patience_seconds=20.0,
            max_workers=2,
        )
        return Lanes(cast(Any, settings), True, skip_lost, Event())

    def reached(self, lanes: Lanes, partition: int = 0) -> MirrorOffset:
        return read_mirror_offsets(self.cluster.client, "offsets", lanes._route, partition + 1)[partition]

    def copy(self, lanes: Lanes, lane: Lane, next_offset: int) -> None:
        for _ in range(100):
            if self.reached(lanes, lane.partition).next_offset >= next_offset:
                return
            lane.copy(Allowance(None), 0.2)
        raise AssertionError("it does not get there")


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clusters]:
    with mirror_cluster() as cluster:
        clusters = Clusters(cluster)
        # What the stand-in cannot be asked.
        monkeypatch.setattr(mirror_lanes, "asking", clusters.asking)
        monkeypatch.setattr(mirror_lanes, "max_message_bytes", lambda *_: None)
        monkeypatch.setattr(mirror_lanes, "widen_topic", lambda *_: None)
        yield clusters


def before_the_fence(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    fence = Lane.fence

    def late(lane: Lane) -> None:
        act()
        fence(lane)

    monkeypatch.setattr(Lane, "fence", late)


@pytest.mark.parametrize("skip_lost", [False, True])
def test_what_another_mirror_does_before_it_is_fenced_is_no_truncation(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch, skip_lost: bool
) -> None:
    first = clusters.lanes()
    (working,) = first.open()
    clusters.produce(3, "a")
    clusters.copy(first, working, 3)

    def go_on() -> None:
        clusters.produce(3, "b")
        clusters.copy(first, working, 6)

    before_the_fence(monkeypatch, go_on)
    second = clusters.lanes(skip_lost)
    (lane,) = second.open()
    clusters.produce(2, "c")
    clusters.copy(second, lane, 8)
    assert values_of(clusters.cluster, "out") == [b"a0", b"a1", b"a2", b"b0", b"b1", b"b2", b"c0", b"c1"]
    reached = clusters.reached(second)
    assert (reached.records, reached.skipped, reached.truncated) == (8, 0, 0)


def test_a_source_that_is_made_anew_before_the_fence_is_begun_once(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = clusters.lanes()
    (working,) = first.open()
    clusters.produce(3, "a")
    clusters.copy(first, working, 3)

    def follow() -> None:
        clusters.make_anew()
        clusters.produce(5, "b")
        first._source.confirm(NOW)
        clusters.copy(first, working, 5)

    before_the_fence(monkeypatch, follow)
    second = clusters.lanes()
    (lane,) = second.open()
    clusters.produce(1, "c")
    clusters.copy(second, lane, 6)
    assert values_of(clusters.cluster, "out") == [b"a0", b"a1", b"a2", b"b0", b"b1", b"b2", b"b3", b"b4", b"c0"]
    reached = clusters.reached(second)
    assert (reached.source_id, reached.records, reached.earlier, reached.skipped) == ("new", 9, 3, 0)


def test_a_partition_that_is_added_begins_at_the_first_record_of_the_topic_that_is_there(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for topic in ("source", "out"):
        clusters.cluster.delete_topic(topic)
        clusters.cluster.create_topic(topic, 2)
    lanes = clusters.lanes()
    clusters.produce(6, "a", partition=1)
    clusters.cluster.delete_records("source", 1, 4)
    lanes.open()
    clusters.seen.update(source=TopicSight("old", 2), out=TopicSight("out-id", 2))

    def change() -> None:
        clusters.make_anew(2)
        clusters.produce(2, "b", partition=1)
        lanes._source.confirm(NOW)  # as a lane of another partition does

    before_the_fence(monkeypatch, change)
    (added,) = lanes.open_added([0])
    clusters.copy(lanes, added, 2)
    assert values_of(clusters.cluster, "out") == [b"b0", b"b1"]


def test_a_destination_that_is_not_there_at_one_look_is_waited_for(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = clusters.lanes()
    lanes.open()
    out = clusters.seen.pop("out")
    with pytest.raises(MissingTopicError):  # for which the look comes again
        lanes.open_added([0])
    clusters.seen["out"] = out
    assert lanes.open_added([0]) == []
    monkeypatch.setattr(absence, "MISSING_SECONDS", 0.1)
    del clusters.seen["out"]
    with pytest.raises(MissingTopicError):
        lanes.open_added([0])
    time.sleep(0.2)
    with pytest.raises(DestinationDeletedError):
        lanes.open_added([0])


@pytest.mark.parametrize("looks", [1, 1000])
def test_at_its_start_a_mirror_asks_again_for_a_topic_that_it_has_mirrored_to(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    clusters.lanes().open()
    missed: list[str] = []

    def find_late(admin: object, topic: str, *rest: object) -> object:
        if topic == "out" and len(missed) < looks:
            missed.append(topic)
            return None
        return find_topic(admin, topic, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(mirror_lanes, "find_topic", find_late)
    monkeypatch.setattr(mirror_lanes, "SECONDS_TO_SPREAD", 0.5)
    if looks == 1:
        assert len(clusters.lanes().open()) == 1
    else:
        with pytest.raises(DestinationDeletedError, match="new-generation"):
            clusters.lanes().open()


@pytest.mark.parametrize("is_lost", [True, False])
def test_without_its_offsets_a_mirror_adds_nothing_to_a_topic_that_has_records(
    clusters: Clusters, is_lost: bool
) -> None:
    first = clusters.lanes()
    (lane,) = first.open()
    clusters.produce(3, "a")
    clusters.copy(first, lane, 3)
    lane.close()
    if is_lost:
        clusters.cluster.delete_topic("offsets")
        clusters.cluster.create_topic("offsets", 1)
    offsets = "offsets" if is_lost else "others"
    if not is_lost:
        clusters.cluster.create_topic(offsets, 1)
    problem = f"topic {offsets} knows nothing of mirroring source .* to out, which is not empty .* new-generation"
    with pytest.raises(UnknownRouteError, match=problem):
        clusters.lanes(offsets=offsets).open()
    assert values_of(clusters.cluster, "out") == [b"a0", b"a1", b"a2"]
