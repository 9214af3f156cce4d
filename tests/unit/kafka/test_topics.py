"""Topics are looked up without being made, and made so that old records stay."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from config.errors import MillraceError, UnavailableError
from config.settings import KafkaSettings
from kafka import topics as topics_module
from kafka.client import MetadataClient, RefusedLogin, answer_of, describe_topic, find_topic
from kafka.log_reader import read_to_end
from kafka.mirror import topics as mirror_topics
from kafka.mirror.topics import add_partitions, raise_letter_limit
from kafka.topics import COMPACTED_CONFIG, DEAD_LETTERS_CONFIG, create_topic, destination_config, topic_id
from tests.mock_cluster import MockCluster
from utilities.event_generator.delivery import TOPIC_CONFIG

SECONDS = 10.0
DOING = "looking for a topic"


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    """A cluster that makes every topic it is asked for, as brokers do with auto.create.topics.enable."""
    with MockCluster() as cluster:
        cluster.create_topic("views", 2)
        yield cluster


def has(cluster: MockCluster, topic: str) -> bool:
    """One by name, not all: a client of an earlier test may know the port of this cluster, and make its own topics."""
    return topic in Producer(cluster.client).list_topics(timeout=SECONDS).topics


@pytest.mark.parametrize("kind", [Producer, AdminClient, lambda config: Consumer({**config, "group.id": "any"})])
def test_looking_a_topic_up_makes_none(cluster: MockCluster, kind: Callable[[dict[str, Any]], MetadataClient]) -> None:
    client = kind(cluster.client)
    found = find_topic(client, "views", RefusedLogin({}), DOING, SECONDS)
    assert found is not None and sorted(found.partitions) == [0, 1]
    assert find_topic(client, "absent", RefusedLogin({}), DOING, SECONDS) is None
    with pytest.raises(MillraceError, match="does not exist"):
        describe_topic(client, "absent", RefusedLogin({}), DOING, SECONDS)
    assert not has(cluster, "absent")


def test_reading_a_topic_that_is_not_there_makes_none(cluster: MockCluster) -> None:
    with pytest.raises(MillraceError, match="does not exist"):
        list(read_to_end(cluster.client, "absent"))
    assert not has(cluster, "absent")


@pytest.mark.parametrize(
    "config", [DEAD_LETTERS_CONFIG, COMPACTED_CONFIG, TOPIC_CONFIG, destination_config(KafkaSettings())]
)
def test_no_topic_is_left_to_the_brokers_own_retention(config: dict[str, str]) -> None:
    assert (config["retention.ms"], config["retention.bytes"]) == ("-1", "-1")
    assert config["cleanup.policy"] in ("delete", "compact")


@pytest.mark.parametrize(("replication", "said"), [(3, "3"), (-1, "default")])
def test_the_line_of_a_created_topic_says_how_many_replicas_were_asked_for(
    replication: int, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    created: Future[None] = Future()
    created.set_result(None)
    admin = cast(AdminClient, SimpleNamespace(create_topics=lambda *_, **__: {"views": created}))
    with caplog.at_level("INFO"):
        create_topic(admin, "views", 2, replication, {}, DOING)
    assert caplog.messages == [f"created a topic topic=views partitions=2 replication={said}"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda admin: create_topic(admin, "views", 1, 1, {}, DOING),
        lambda admin: add_partitions(admin, "views", 1, 2, DOING),
        lambda admin: raise_letter_limit(admin, "views", 1),
        lambda admin: topic_id(admin, "views"),
    ],
)
def test_a_cluster_that_takes_connections_and_says_nothing_is_away(
    ask: Callable[[AdminClient], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (topics_module, mirror_topics):
        monkeypatch.setattr(module, "ADMIN_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(UnavailableError):
            ask(AdminClient({"bootstrap.servers": address, "log_level": 0}))


def test_an_answer_that_even_the_client_does_not_give_is_late() -> None:
    with pytest.raises(KafkaException, match="no answer"):
        answer_of(Future[None](), 0.05)
