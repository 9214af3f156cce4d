"""What failed is gone: confluent_kafka 2.16 keeps for ever what is handled while another call of it fails.

With the traceback of that go a producer that was replaced, its threads, and all records that were read with it.
"""

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message

from config.kafka_client import ClientConfig
from kafka.lost_offsets import SourceOffsetsLostError
from kafka.mirror.allowance import Allowance
from kafka.topic_sight import TopicSight
from tests.mirror_lane import SECONDS, Mirror, mirror_cluster
from tests.mock_cluster import Api, Header, MockCluster

UNREADABLE: list[Header] = [(b"caf\xe9", b"v")]
RECORDS = 50


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mirror_cluster() as cluster:
        yield cluster


@pytest.mark.parametrize("code", [KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, KafkaError.INVALID_PRODUCER_EPOCH])
@pytest.mark.parametrize(
    ("producer", "headers"),
    [
        pytest.param({}, [], id="at the commit"),
        pytest.param({"queue.buffering.max.messages": 10}, [], id="in a full queue"),
        pytest.param({}, UNREADABLE, id="at a dead letter"),
    ],
)
def test_a_producer_that_was_replaced_is_gone_and_what_it_was_to_write(
    cluster: MockCluster, code: int, producer: ClientConfig, headers: list[Header]
) -> None:
    for _ in range(RECORDS - 1):
        cluster.produce("source", 0, b"x")
    cluster.produce("source", 0, b"x", b"k", headers)
    mirror = Mirror(cluster, producer).start()
    clients, records = running_clients(), kept_records()
    cluster.fail(Api.PRODUCE, code)
    mirror.copy_to(RECORDS)
    deadline = time.monotonic() + SECONDS
    while running_clients() > clients:
        gc.collect()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert kept_records() <= records


def kept_records() -> int:
    """Those in lists, of whatever test of this process."""
    gc.collect()
    lists = [each for each in gc.get_objects() if type(each) is list]
    return sum(isinstance(each, Message) for records in lists for each in records)


def running_clients() -> int:
    """Clients of librdkafka in this process, those among them that nobody needs any more."""
    names = []
    for thread in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            names.append((thread / "comm").read_text(encoding="ascii"))
    return names.count("rdk:main\n")


def test_where_the_source_is_asked_behind_a_loss_nothing_is_handled(
    cluster: MockCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[BaseException | None] = []

    def seen(*_: object) -> Any:
        handled.append(sys.exception())
        return TopicSight("", 1)

    def lost(*_: object) -> Any:
        raise SourceOffsetsLostError("source", 0, 0, 5, 9)

    watch = SimpleNamespace(seen=TopicSight("", 1), confirm=seen)
    lane = Mirror(cluster, skip_lost=True, source_watch=watch).start().lane
    monkeypatch.setattr(lane._source, "read", lost)
    monkeypatch.setattr(lane._source, "seek", seen)
    lane.copy(Allowance(None), 0.0)
    lane._read_on(Allowance(None), None)
    assert len(handled) > 3
    assert not any(handled)
