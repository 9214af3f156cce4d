"""What the mirror finds out before a partition's first record."""

from threading import Event

import pytest
from confluent_kafka import KafkaError
from pydantic import SecretStr

from kafka.client import MissingTopicError, RefusedLogin
from kafka.mirror import lanes
from kafka.mirror.lanes import NOT_SEEN, Lanes, first_sight, look_at_source
from kafka.mirror.settings import MirrorSettings
from kafka.topic_sight import TopicSight, TopicSightings
from tests.mock_cluster import MockCluster


def test_the_ranges_are_those_of_the_topic_that_was_seen_where_it_is_made_anew_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Begun at the former topic's first offset, the new one's first records would be passed over."""
    monkeypatch.setattr(lanes, "max_message_bytes", lambda *_: None)  # which the stand-in cannot be asked for
    with MockCluster() as cluster:
        cluster.create_topic("source", 1)
        for _ in range(6):
            cluster.produce("source", 0, b"old")
        cluster.delete_records("source", 0, 4)
        seen: list[TopicSight] = []

        def ask() -> TopicSight:
            if len(seen) == 1:
                cluster.delete_topic("source")
                cluster.create_topic("source", 1)
                cluster.produce("source", 0, b"new")
            seen.append(TopicSight("new" if seen else "old", 1))
            return seen[-1]

        sightings = TopicSightings("source", NOT_SEEN, ask)
        source = look_at_source(cluster.client, sightings, 20.0, "reading")
    assert (sightings.seen.topic_id, source.topic_id, source.ranges) == ("new", "new", {0: (0, 1)})


@pytest.mark.parametrize("is_bounded", [True, False])
def test_only_a_run_that_ends_waits_for_the_marks_of_commits_at_the_source(
    is_bounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "max_message_bytes", lambda *_: None)
    # The stand-in has no marks: it tells the end of the log at once.
    monkeypatch.setattr(lanes, "readable_ends", lambda *_: {0: 3})
    with MockCluster() as cluster:
        cluster.create_topic("source", 1)
        cluster.produce("source", 0, b"{}")
        sightings = TopicSightings("source", NOT_SEEN, lambda: TopicSight("id", 1))
        source = look_at_source(cluster.client, sightings, 20.0, "reading", Event() if is_bounded else None)
    assert source.ranges == {0: (0, 3 if is_bounded else 1)}


def test_a_topic_made_a_moment_ago_may_not_be_known_to_the_broker_that_is_asked() -> None:
    answers: list[TopicSight | None] = [None, None, TopicSight("id", 3)]

    def ask() -> TopicSight:
        if (answer := answers.pop(0)) is None:
            raise MissingTopicError("no such topic")
        return answer

    assert first_sight(ask) == TopicSight("id", 3)


def test_a_topic_that_no_broker_comes_to_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> TopicSight:
        raise MissingTopicError("no such topic")

    monkeypatch.setattr(lanes, "SECONDS_TO_SPREAD", 0.3)
    with pytest.raises(MissingTopicError):
        first_sight(ask)


def test_a_login_that_is_refused_to_a_lane_is_named_by_its_variable() -> None:
    settings = MirrorSettings.load(source_password=SecretStr("wrong"), kafka_mirror_password=SecretStr("wrong"))
    opening = Lanes(settings, follow=False, skip_lost=False, stop=Event())
    vars(opening).update(dict.fromkeys(("_route", "_source", "_destination", "_admin")))
    setup = opening._setup_for(1)
    for config, variable in ((setup.source, "SOURCE_PASSWORD"), (setup.destination, "KAFKA_MIRROR_PASSWORD")):
        refused = RefusedLogin(config)
        refused(KafkaError(KafkaError._AUTHENTICATION))
        assert f"check {variable} of user mirror" in str(refused.error)
