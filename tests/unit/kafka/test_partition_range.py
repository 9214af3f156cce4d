"""A range that is half answered is never believed: an empty partition is one that was said to be empty."""

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException

from config.errors import MillraceError, UnavailableError
from kafka.client import explain
from kafka.partition_range import partition_range, partition_ranges
from tests.mock_cluster import Api, MockCluster

SECONDS = 10.0
TRIES = 8
"""Of two questions, the one that fails is now the first, now the second."""


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN,
    ],
)
def test_a_question_that_fails_is_no_empty_partition(code: int) -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        for _ in range(10):
            cluster.produce("views", 0, b"{}")
        cluster.delete_records("views", 0, 4)
        config = {**cluster.client, "group.id": "g"}
        consumer = Consumer(config)
        told: set[tuple[int, int]] = set()
        for _ in range(TRIES):
            cluster.fail(Api.LIST_OFFSETS, code)
            try:
                told.add(partition_range(consumer, config, "views", 0, SECONDS))
            except KafkaException as error:
                assert error.args[0].code() == code
            cluster.heal(Api.LIST_OFFSETS)
        assert partition_range(consumer, config, "views", 0, SECONDS) == (4, 10)
        consumer.close()
    assert told <= {(4, 10)}


def test_an_empty_partition_is_told_as_empty() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        consumer = Consumer({**cluster.client, "group.id": "g"})
        assert partition_range(consumer, cluster.client, "views", 0, SECONDS) == (0, 0)
        consumer.close()


def test_silence_is_an_error() -> None:
    config = {"bootstrap.servers": "127.0.0.1:9", "log_level": 0, "group.id": "g"}
    consumer = Consumer(config)
    with pytest.raises(KafkaException):
        partition_range(consumer, config, "views", 0, 0.2)
    consumer.close()


def test_empty_partitions_are_told_apart_from_those_with_records() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 4)
        for partition in (0, 3):
            cluster.produce("views", partition, b"{}")
        consumer = Consumer({**cluster.client, "group.id": "g"})
        found = partition_ranges(consumer, cluster.client, "views", range(4), SECONDS)
        consumer.close()
    assert found == {0: (0, 1), 1: (0, 0), 2: (0, 0), 3: (0, 1)}


def test_a_partition_without_a_leader_for_a_moment_is_away_and_not_absent() -> None:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        cluster.produce("views", 0, b"{}")
        cluster.set_leader("views", 0, -1)
        config = {**cluster.client, "group.id": "g"}
        consumer = Consumer(config)
        for partition, kind in ((0, UnavailableError), (7, MillraceError)):
            with pytest.raises(KafkaException) as raised:
                partition_range(consumer, config, "views", partition, 1.0)
            assert isinstance(explain(raised.value, "asking"), kind), raised.value
        consumer.close()
