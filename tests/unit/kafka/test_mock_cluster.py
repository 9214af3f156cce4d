"""The mock cluster of the tests is a Kafka to its clients, and fails where and when a test says."""

from collections.abc import Iterator

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from kafka.log_reader import log_ranges, read_to_end
from tests.mock_cluster import DISCONNECT, Api, MockCluster, MockClusterError

SECONDS = 10.0
"""Longer than any wait here lasts; a client that is answered is done in milliseconds."""


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with MockCluster() as cluster:
        cluster.create_topic("views", 1)
        yield cluster


def producer(cluster: MockCluster, **properties: object) -> Producer:
    own = {name.replace("_", "."): value for name, value in properties.items()}
    return Producer({**cluster.client, "retry.backoff.ms": 1, "linger.ms": 0, **own})


def transactional(cluster: MockCluster) -> Producer:
    sender = producer(cluster, transactional_id="mirror")
    sender.init_transactions(SECONDS)
    return sender


def group_member(cluster: MockCluster) -> Consumer:
    own = {
        "group.id": "landing",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "session.timeout.ms": 1200,
        "heartbeat.interval.ms": 100,
    }
    member = Consumer({**cluster.client, **own, "retry.backoff.ms": 1, "reconnect.backoff.ms": 1})
    member.subscribe(["views"])
    return member


def next_message(consumer: Consumer) -> Message:
    message = consumer.poll(SECONDS)
    assert message is not None
    return message


def error_code(raised: pytest.ExceptionInfo[KafkaException]) -> int:
    code: int = raised.value.args[0].code()
    return code


def test_a_record_is_read_as_it_was_written_whatever_its_bytes(cluster: MockCluster) -> None:
    headers = [(b"trace", b"\x00\xff"), (b"trace", None)]
    assert cluster.produce("views", 0, b"\x00one", b"\x00key", headers, timestamp_ms=1_500_000_000_000) == 0
    assert cluster.produce("views", 0, None) == 1
    first, second = read_to_end(cluster.client, "views")
    assert (first.value(), first.key()) == (b"\x00one", b"\x00key")
    assert first.headers() == [("trace", b"\x00\xff"), ("trace", None)]
    assert first.timestamp()[1] == 1_500_000_000_000
    assert (second.value(), second.key(), second.headers()) == (None, None, None)


def test_a_header_may_have_a_name_that_no_text_has(cluster: MockCluster) -> None:
    cluster.produce("views", 0, b"{}", headers=[(b"caf\xe9", b"1")])
    (message,) = read_to_end(cluster.client, "views")
    # confluent_kafka 2.16 lets the decoder's error out of C code, which Python then wraps.
    with pytest.raises((UnicodeDecodeError, SystemError)):
        message.headers()


def test_a_group_reads_and_goes_on_where_it_committed(cluster: MockCluster) -> None:
    for number in range(3):
        cluster.produce("views", 0, str(number).encode())
    first = group_member(cluster)
    first.commit(message=next_message(first), asynchronous=False)
    first.close()
    second = group_member(cluster)
    assert next_message(second).value() == b"1"
    second.close()


def test_a_transaction_is_committed(cluster: MockCluster) -> None:
    sender = transactional(cluster)
    sender.begin_transaction()
    sender.produce("views", b"one")
    sender.commit_transaction(SECONDS)
    assert [message.value() for message in read_to_end(cluster.client, "views")] == [b"one"]


def test_a_code_is_answered_once_and_in_its_turn(cluster: MockCluster) -> None:
    cluster.fail(Api.PRODUCE, 0, KafkaError.INVALID_TIMESTAMP)
    assert cluster.produce("views", 0, b"one") == 0
    with pytest.raises(MockClusterError, match="INVALID_TIMESTAMP"):
        cluster.produce("views", 0, b"two")
    assert cluster.produce("views", 0, b"three") == 1


def test_codes_that_were_not_met_can_be_taken_back(cluster: MockCluster) -> None:
    cluster.fail(Api.PRODUCE, *[KafkaError.INVALID_TIMESTAMP] * 10)
    cluster.heal(Api.PRODUCE)
    assert cluster.produce("views", 0, b"one") == 0


def test_a_fenced_producer_is_told_so(cluster: MockCluster) -> None:
    sender = transactional(cluster)
    sender.begin_transaction()
    sender.produce("views", b"one")
    sender.flush(SECONDS)
    cluster.fail(Api.END_TXN, KafkaError.PRODUCER_FENCED)
    with pytest.raises(KafkaException) as raised:
        sender.commit_transaction(SECONDS)
    assert error_code(raised) == KafkaError._FENCED


def test_a_connection_that_is_cut_is_made_again(cluster: MockCluster) -> None:
    cluster.fail(Api.PRODUCE, DISCONNECT)
    assert cluster.produce("views", 0, b"one") == 0


def test_a_broker_that_is_away_answers_nothing_until_it_is_back(cluster: MockCluster) -> None:
    sender = producer(cluster, reconnect_backoff_ms=1, reconnect_backoff_max_ms=20)
    with cluster.outage():
        sender.produce("views", b"one")
        assert sender.flush(0.2) == 1
    assert sender.flush(SECONDS) == 0
    assert log_ranges(cluster.client, "views") == {0: (0, 1)}


@pytest.mark.parametrize("slow", ["every answer", "one answer"])
def test_an_answer_may_come_later_than_a_client_waits(cluster: MockCluster, slow: str) -> None:
    consumer = Consumer({**cluster.client, "group.id": "reader"})
    consumer.list_topics("views", SECONDS)
    if slow == "every answer":
        cluster.set_round_trip(300)
    else:
        cluster.answer_late(Api.LIST_OFFSETS, 300)
    with pytest.raises(KafkaException) as raised:
        consumer.get_watermark_offsets(TopicPartition("views", 0), 0.1)
    assert error_code(raised) == KafkaError._TIMED_OUT
    cluster.set_round_trip(0)
    assert consumer.get_watermark_offsets(TopicPartition("views", 0), SECONDS) == (0, 0)
    consumer.close()


def test_a_topic_has_an_error_until_it_is_taken_away(cluster: MockCluster) -> None:
    cluster.set_topic_error("views", KafkaError.TOPIC_AUTHORIZATION_FAILED)
    sender = producer(cluster)
    assert sender.list_topics("views", SECONDS).topics["views"].error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    cluster.set_topic_error("views", 0)
    assert sender.list_topics("views", SECONDS).topics["views"].error is None


def test_retention_and_deletion_take_records_away(cluster: MockCluster) -> None:
    for number in range(3):
        cluster.produce("views", 0, str(number).encode())
    cluster.delete_records("views", 0, before=2)
    assert log_ranges(cluster.client, "views") == {0: (2, 3)}
    cluster.delete_topic("views")
    cluster.create_topic("views", 2)
    assert log_ranges(cluster.client, "views") == {0: (0, 0), 1: (0, 0)}


def test_requests_go_to_the_leader_and_the_coordinator_that_were_named() -> None:
    with MockCluster(brokers=3) as cluster:
        cluster.create_topic("views", 1, replication=3)
        cluster.set_leader("views", 0, 2)
        cluster.set_coordinator("transaction", "mirror", 3)
        with cluster.requests() as received:
            sender = transactional(cluster)
            sender.begin_transaction()
            sender.produce("views", b"one", partition=0)
            sender.commit_transaction(SECONDS)
            brokers = {request.api: request.broker for request in received()}
    assert brokers[Api.PRODUCE] == 2
    assert brokers[Api.ADD_PARTITIONS_TO_TXN] == brokers[Api.END_TXN] == 3


def test_an_older_broker_lacks_a_request(cluster: MockCluster) -> None:
    cluster.support(Api.INIT_PRODUCER_ID, -1, -1)
    with pytest.raises(KafkaException) as raised:
        producer(cluster, transactional_id="mirror").init_transactions(SECONDS)
    assert error_code(raised) == KafkaError._UNSUPPORTED_FEATURE


def test_what_librdkafka_refuses_is_raised_by_name(cluster: MockCluster) -> None:
    with pytest.raises(MockClusterError, match="TOPIC_ALREADY_EXISTS"):
        cluster.create_topic("views", 1)


def test_it_ends_though_a_client_is_still_connected() -> None:
    with MockCluster() as cluster:
        sender = producer(cluster)
        sender.list_topics(timeout=SECONDS)
    with pytest.raises(KafkaException):
        sender.list_topics(timeout=0.1)
