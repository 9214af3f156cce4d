"""Where landing begins and what it takes for its topic, on real brokers: the store decides, and a topic is its id."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # type: ignore[attr-defined]

from kafka.sinks.landing_names import landing_group, landing_watermarks
from tests.pipeline import Pipeline, wait_for_line

pytestmark = pytest.mark.servers

PATIENCE_SECONDS = 60.0


@pytest.fixture
def admin(pipeline: Pipeline) -> AdminClient:
    return AdminClient(pipeline.local_client("admin"))


def make_topic(admin: AdminClient, topic: str, partitions: int = 2) -> None:
    until(lambda: topic not in admin.list_topics(timeout=10).topics)
    admin.create_topics([NewTopic(topic, partitions, 3)])[topic].result()
    until(lambda: len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == partitions)


def publish(pipeline: Pipeline, generation: str, numbers: range, partitions: int = 2) -> None:
    producer = Producer(pipeline.local_client("admin"))
    for number in numbers:
        value = json.dumps({"generation": generation, "number": number}).encode()
        producer.produce(pipeline.topic, value=value, partition=number % partitions)
    assert producer.flush(60) == 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def land(pipeline: Pipeline) -> str:
    """What landing logged."""
    done = pipeline.attempt("kafka.landing")
    assert done.returncode == 0, done.stderr
    return done.stderr


def landed(pipeline: Pipeline) -> list[tuple[str, int]]:
    with pipeline.raw() as raw:
        return sorted((row["event"]["generation"], row["event"]["number"]) for row in raw.find())


def group(pipeline: Pipeline) -> str:
    return landing_group("kafka_data_db", pipeline.environment["MONGO_COLLECTION"])


@contextmanager
def following(pipeline: Pipeline) -> Iterator["subprocess.Popen[str]"]:
    process = pipeline.start("kafka.landing", "--follow")
    wait_for_line(process, "partitions are assigned")
    yield process
    process.terminate()
    process.wait(60)


def test_a_group_that_lost_its_offsets_lands_nothing_twice_and_brings_nothing_back(
    pipeline: Pipeline, admin: AdminClient
) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(20))
    land(pipeline)
    with pipeline.raw() as raw:
        raw.delete_many({"event.number": {"$lt": 5}})  # as retention and erasure do
    admin.delete_consumer_groups([group(pipeline)])[group(pipeline)].result()
    publish(pipeline, "first", range(20, 22))
    assert "records=2 stored=2 already=0" in land(pipeline)
    assert landed(pipeline) == [("first", number) for number in range(5, 22)]


def test_a_store_that_was_emptied_gets_everything_again(pipeline: Pipeline, admin: AdminClient) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(20))
    land(pipeline)
    with pipeline.raw() as raw:
        raw.delete_many({})
        raw.database[landing_watermarks(raw.name)].delete_many({})
    assert "the store knows nothing" in land(pipeline)
    assert landed(pipeline) == [("first", number) for number in range(20)]


def test_a_store_restored_from_a_backup_gets_what_came_since(pipeline: Pipeline, admin: AdminClient) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(20))
    land(pipeline)
    with pipeline.raw() as raw:
        raw.delete_many({"event.number": {"$gte": 10}})
        raw.database[landing_watermarks(raw.name)].update_many({}, {"$set": {"next_offset": 5}})
    assert "the store is behind its group" in land(pipeline)
    assert landed(pipeline) == [("first", number) for number in range(20)]
    assert "records=0 " in land(pipeline)


def test_a_topic_made_anew_under_a_running_landing_ends_it_with_one_line_and_nothing_is_mixed(
    pipeline: Pipeline, admin: AdminClient
) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(4))
    with following(pipeline) as process:
        until(lambda: len(landed(pipeline)) == 4)
        admin.delete_topics([pipeline.topic])[pipeline.topic].result()
        make_topic(admin, pipeline.topic)
        publish(pipeline, "second", range(8))
        assert "./millrace new-generation" in wait_for_line(process, "was made anew")
        assert process.wait(60) == 1
    assert landed(pipeline) == [("first", number) for number in range(4)]
    refused = pipeline.attempt("kafka.landing")
    assert refused.returncode == 1
    assert "was made anew" in refused.stderr
    assert landed(pipeline) == [("first", number) for number in range(4)]


def test_a_deleted_topic_is_told_while_it_is_followed(pipeline: Pipeline, admin: AdminClient) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(4))
    with following(pipeline) as process:
        until(lambda: len(landed(pipeline)) == 4)
        admin.delete_topics([pipeline.topic])[pipeline.topic].result()
        wait_for_line(process, "the topic is gone")
        assert process.poll() is None


def test_a_partition_added_to_a_followed_topic_is_landed(pipeline: Pipeline, admin: AdminClient) -> None:
    make_topic(admin, pipeline.topic)
    publish(pipeline, "first", range(4))
    with following(pipeline):
        until(lambda: len(landed(pipeline)) == 4)
        admin.create_partitions([NewPartitions(pipeline.topic, 3)])[pipeline.topic].result()
        until(lambda: len(admin.list_topics(pipeline.topic, timeout=10).topics[pipeline.topic].partitions) == 3)
        publish(pipeline, "first", range(4, 10), partitions=3)
        until(lambda: len(landed(pipeline)) == 10)
