"""A bounded run reads what was committed before it began, also where the marks of that commit are still to come."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import sleep
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from kafka import readable_end
from kafka.log_reader import READER
from kafka.readable_end import readable_ends
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers

SECONDS = 60.0


@pytest.fixture
def topic(pipeline: Pipeline) -> str:
    """The local topic with one mirrored event, which has landed."""
    pipeline.produce([(None, b'{"number": 0}')], partition=0)
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage)
    return pipeline.topic


def numbers(pipeline: Pipeline) -> list[int]:
    with pipeline.raw() as raw:
        return sorted(document["event"]["number"] for document in raw.find())


def open_transaction(client: dict[str, Any], topic: str) -> Producer:
    """Of a transaction that has written one record to partition 0 and is left open."""
    producer = Producer({**client, "transactional.id": f"test-{topic}", "log_level": 0})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()
    producer.produce(topic, b'{"number": 1}', partition=0)
    assert producer.flush(SECONDS) == 0
    return producer


def test_the_end_is_behind_a_commit_whose_marks_come_later(
    pipeline: Pipeline, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readable_end, "OPEN_SECONDS", SECONDS)
    client = pipeline.local_client("operator")
    consumer = Consumer({**client, **READER})
    producer = open_transaction(pipeline.local_client("admin"), topic)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(readable_ends, consumer, client, topic, [0], SECONDS, Event())
        sleep(1.0)
        assert not asked.done()
        _, before = consumer.get_watermark_offsets(TopicPartition(topic, 0), SECONDS)
        producer.commit_transaction(SECONDS)
        assert asked.result(SECONDS)[0] > before
    consumer.close()


def test_what_stands_behind_a_transaction_that_stays_open_is_told_and_lands_later(
    pipeline: Pipeline, topic: str
) -> None:
    producer = open_transaction(pipeline.local_client("admin"), topic)
    attempt = pipeline.attempt("kafka.landing")
    assert attempt.returncode == 0
    assert f"a transaction is open topic={topic} partition=0" in attempt.stderr
    assert numbers(pipeline) == [0]
    producer.commit_transaction(SECONDS)
    pipeline.run("kafka.landing")
    assert numbers(pipeline) == [0, 1]


def test_a_bounded_mirror_tells_what_stands_behind_an_open_transaction_of_the_source(
    pipeline: Pipeline, topic: str
) -> None:
    producer = open_transaction(pipeline.source_client("admin", "source_admin_password"), topic)
    attempt = pipeline.attempt("kafka.mirror")
    assert attempt.returncode == 0
    assert f"a transaction is open topic={topic} partition=0 at=1: the 1 offsets" in attempt.stderr
    producer.commit_transaction(SECONDS)
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage)
    assert numbers(pipeline) == [0, 1]
