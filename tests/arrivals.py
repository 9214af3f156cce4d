"""Events that keep arriving at the source while a test kills stages and servers."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice
from typing import Any

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from elasticsearch import ApiError
from tenacity import retry, retry_if_exception, retry_if_exception_type, stop_after_delay

from tests.events import mixed
from tests.pipeline import PARTITIONS, Pipeline

PORTION = 100
PAUSE_SECONDS = 0.1
PATIENCE_SECONDS = 240
"""Longer than a stage takes to begin anew by itself (kafka/watchdog.py)."""


@contextmanager
def arriving(pipeline: Pipeline, pause_seconds: float = PAUSE_SECONDS) -> Iterator[list[dict[str, Any]]]:
    """Portions of events are produced while the body runs; after it the yielded list holds all of them.

    They arrive exactly once whatever the source broker does: while it is away they wait in the producer.
    """
    events: list[dict[str, Any]] = []
    endless = mixed(10**9)
    stop = threading.Event()
    login = pipeline.source_client("generator", "source_generator_password")
    producer = Producer({**login, "enable.idempotence": True, "message.timeout.ms": 0, "log_level": 0})

    def trickle() -> None:
        while not stop.wait(pause_seconds):
            portion = list(islice(endless, PORTION))
            for number, event in enumerate(portion):
                key = event["device_id"].encode()
                producer.produce(pipeline.topic, json.dumps(event).encode(), key, number % PARTITIONS)
            events.extend(portion)
            producer.poll(0)

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        yield events
    finally:
        stop.set()
        thread.join()
        waiting = producer.flush(PATIENCE_SECONDS)
    assert waiting == 0, f"{waiting} events did not arrive at the source in {PATIENCE_SECONDS} s"


def wait_for_growth(count: Callable[[Pipeline], int], pipeline: Pipeline, since: int | None = None) -> None:
    """Wait until `count` exceeds what it is now, or `since`; fails the test after a long silence."""
    before = count(pipeline) if since is None else since
    deadline = time.monotonic() + PATIENCE_SECONDS
    while count(pipeline) <= before:
        assert time.monotonic() < deadline, f"nothing was added to {before} in {PATIENCE_SECONDS} s"
        time.sleep(0.05)


@retry(retry=retry_if_exception_type(KafkaException), stop=stop_after_delay(PATIENCE_SECONDS), reraise=True)
def local_records(pipeline: Pipeline) -> int:
    """The end offsets of the local topic, added up; they grow within a transaction, too.

    Asked again where a broker has just died and its partitions have no new leader yet.
    """
    consumer = Consumer({**pipeline.local_client("operator"), "group.id": "millrace-reader"})
    try:
        places = [TopicPartition(pipeline.topic, partition) for partition in range(PARTITIONS)]
        return sum(consumer.get_watermark_offsets(place, 5)[1] for place in places)
    finally:
        consumer.close()


def landed_events(pipeline: Pipeline) -> int:
    """The documents of the pipeline's collection."""
    with pipeline.raw() as raw:
        return raw.estimated_document_count()


def _is_not_ready(error: BaseException) -> bool:
    return isinstance(error, ApiError) and error.status_code == HTTPStatus.SERVICE_UNAVAILABLE


@retry(retry=retry_if_exception(_is_not_ready), stop=stop_after_delay(PATIENCE_SECONDS), reraise=True)
def indexed_events(pipeline: Pipeline) -> int:
    """The documents of the pipeline's topic; none before the first index is made.

    Asked again where an index has just been made, or its server just started, and its shards are not there yet.
    """
    with pipeline.search() as client:
        query = {"term": {"kafka.topic": pipeline.topic}}
        found: int = client.count(index="product-views", query=query, ignore_unavailable=True)["count"]
        return found
