"""Headers whose names are not UTF-8, as the client gives them: never a list that ends the process."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from kafka.consumer.partition_queue import PartitionQueue
from kafka.dead_letter_reasons import EventError
from kafka.dead_letters.letter import headers_of
from kafka.record_headers import UnreadableHeadersError, read_headers
from tests.mock_cluster import MockCluster

RECORDS, EACH = 3_000, 100


@pytest.fixture
def records() -> Iterator[list[Message]]:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        for number in range(RECORDS):
            name = b"caf\xe9" if number % EACH == 0 else b"name"
            cluster.produce("views", 0, b"{}", None, [(b"first", None), (name, b"%d" % number)])
        consumer = Consumer({**cluster.client, "group.id": "any"})
        consumer.assign([TopicPartition("views", 0, 0)])
        read: list[Message] = []
        while len(read) < RECORDS:
            read += [message for message in consumer.consume(500, 0.2) if message.error() is None]
        consumer.close()
        yield read


def unreadable(records: list[Message]) -> int:
    found = 0
    for record in records:
        try:
            assert read_headers(record) == [("first", None), ("name", b"%d" % (record.offset() or 0))]
        except UnreadableHeadersError:
            found += 1
    return found


def test_they_are_told_in_a_hot_loop_and_however_often_they_are_asked_for(records: list[Message]) -> None:
    assert [unreadable(records) for _ in range(3)] == [RECORDS // EACH] * 3


def test_a_sink_is_told_of_them_after_the_queue_has_counted_the_bytes(records: list[Message]) -> None:
    PartitionQueue(0, 0).add(records)
    dead = 0
    for record in records:
        try:
            assert len(headers_of(record) or []) == 2
        except EventError:
            dead += 1
    assert dead == RECORDS // EACH
