"""A destination's topic that is not there for a moment is waited for; one that stays away was deleted."""

from collections.abc import Callable, Iterator
from threading import Timer

import pytest
from confluent_kafka import KafkaError

from config.errors import MillraceError, UnavailableError
from kafka import absence, waiting
from kafka.absence import Absence
from kafka.client import MissingTopicError
from kafka.mirror import transaction as mirror_transaction
from kafka.mirror.offsets import MirrorOffset, read_mirror_offsets
from kafka.mirror.setup import DestinationDeletedError
from kafka.topic_sight import TopicSight, TopicSightings
from tests.mirror_lane import Mirror, mirror_cluster
from tests.mock_cluster import Api, MockCluster

HERE = TopicSight("b", 1)
GONE = MissingTopicError("asking failed: the topic or partition does not exist")
AWAY = UnavailableError("asking failed: no answer")


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mirror_cluster() as cluster:
        cluster.produce("source", 0, b"1")
        yield cluster


def answering(*answers: TopicSight | MillraceError) -> Callable[[], TopicSight]:
    """Answers the questions in their turn, the last one for ever."""
    left = list(answers)

    def ask() -> TopicSight:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, MillraceError):
            raise answer
        return answer

    return ask


def mirror_to(
    cluster: MockCluster, *answers: TopicSight | MillraceError, patience_seconds: float | None = None
) -> Mirror:
    watch = TopicSightings("out", HERE, answering(*answers))
    mirror = Mirror(cluster, destination_watch=watch, patience_seconds=patience_seconds)
    return mirror.start(MirrorOffset(0, 0, destination_id="b"))


def test_a_broker_that_has_not_heard_of_the_topic_for_a_moment_ends_nothing(
    cluster: MockCluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "SILENT_SECONDS", 0.0)
    assert mirror_to(cluster, HERE, GONE, AWAY, GONE, HERE).copy_to(1).records == 1
    said = [record.getMessage() for record in caplog.records if " waits " in record.getMessage()]
    assert [line.rpartition("reason=")[2] for line in said if "reason=" in line] == ["topic out is not there now"]


def test_a_topic_that_stays_away_was_deleted(cluster: MockCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absence, "MISSING_SECONDS", 0.5)
    mirror = mirror_to(cluster, HERE, GONE)
    with pytest.raises(DestinationDeletedError, match="topic out, which was mirrored to, was deleted"):
        mirror.copy_to(1)
    assert mirror.reached().records == 0


def test_a_bounded_run_waits_for_a_topic_as_long_as_its_patience_lasts(cluster: MockCluster) -> None:
    assert mirror_to(cluster, HERE, GONE, HERE, patience_seconds=20.0).copy_to(1).records == 1


def test_a_bounded_run_says_of_a_topic_that_stays_away_that_it_was_deleted(cluster: MockCluster) -> None:
    mirror = mirror_to(cluster, HERE, GONE, patience_seconds=0.5)
    with pytest.raises(DestinationDeletedError):
        mirror.copy_to(1)
    assert mirror.reached().records == 0


@pytest.mark.parametrize("topic", ["out", "offsets"])
def test_a_topic_that_the_producer_is_told_is_missing_is_waited_for(cluster: MockCluster, topic: str) -> None:
    mirror = Mirror(cluster, {"topic.metadata.propagation.max.ms": 100}).start()
    cluster.set_topic_error(topic, KafkaError.UNKNOWN_TOPIC_OR_PART)
    back = Timer(1.5, cluster.set_topic_error, (topic, 0))
    back.start()
    for _ in range(3):
        mirror.copy()
    back.join()
    assert mirror.copy_to(1).records == 1


def test_the_offsets_topic_is_waited_for_where_a_producer_goes_on(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = read_mirror_offsets, []

    def told(*arguments: object) -> dict[int, MirrorOffset]:
        asked.append(arguments)
        if len(asked) < 3:
            raise GONE
        return read(*arguments)  # type: ignore[arg-type]

    mirror = Mirror(cluster).start()
    monkeypatch.setattr(mirror_transaction, "read_mirror_offsets", told)
    cluster.fail(Api.ADD_PARTITIONS_TO_TXN, KafkaError.PRODUCER_FENCED)
    assert mirror.copy_to(1).records == 1
    assert len(asked) >= 3


def test_only_an_absence_without_a_break_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(absence, "MISSING_SECONDS", -1.0)
    gone = Absence()
    assert gone.noted()
    monkeypatch.setattr(absence, "MISSING_SECONDS", 60.0)
    assert not gone.noted()
    assert gone.lasts
    gone.over()
    assert not gone.lasts
