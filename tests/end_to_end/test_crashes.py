"""Promise 1: kill any process with SIGKILL at any moment, restart it, and every event is everywhere exactly once."""

import os
import random
import signal
import threading
import time
from collections import Counter
from hashlib import sha256
from typing import Any

import pytest

from kafka.log_reader import read_to_end
from tests.events import mixed
from tests.pipeline import Pipeline

EVENTS = 30_000
KILLS = int(os.environ.get("CRASH_KILLS", "5"))

pytestmark = pytest.mark.servers


def records(pipeline: Pipeline, client: dict[str, Any]) -> Counter[bytes]:
    """How often each record stands in the topic: a checksum over partition, key, value, timestamp and headers."""
    found: Counter[bytes] = Counter()
    for message in read_to_end(client, pipeline.topic):
        parts = (message.partition(), message.key(), message.value(), message.timestamp(), message.headers())
        found[sha256(repr(parts).encode()).digest()] += 1
    return found


def kill_repeatedly(pipeline: Pipeline, stage: str, *arguments: str, shortest: float, longest: float, seed: int) -> int:
    """Start the stage and kill its process group at a random moment, KILLS times; returns how often it was alive."""
    rng = random.Random(seed)
    alive = 0
    for _ in range(KILLS):
        process = pipeline.start(stage, *arguments)
        time.sleep(rng.uniform(shortest, longest))
        if process.poll() is None:
            alive += 1
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    return alive


def fill(pipeline: Pipeline, *stages: str) -> None:
    pipeline.produce_events(list(mixed(EVENTS)))
    for stage in stages:
        pipeline.run(stage, MAX_MESSAGES="0")


def trickle(pipeline: Pipeline) -> None:
    """Events arrive in small portions, so that a kill finds some transactions committed and one open."""
    events = list(mixed(EVENTS))
    for first in range(0, EVENTS, 500):
        pipeline.produce_events(events[first : first + 500])
        time.sleep(0.15)


def test_a_killed_mirror_leaves_every_record_exactly_once(pipeline: Pipeline) -> None:
    arriving = threading.Thread(target=trickle, args=[pipeline])
    arriving.start()
    alive = kill_repeatedly(pipeline, "kafka.mirror", "--follow", shortest=1.0, longest=4.0, seed=1)
    arriving.join()
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    source = records(pipeline, pipeline.source_client("mirror", "source_password"))
    assert records(pipeline, pipeline.local_client("operator")) == source
    assert sum(source.values()) == EVENTS
    assert alive > 0


def test_a_killed_landing_leaves_every_event_exactly_once(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror")
    alive = kill_repeatedly(pipeline, "kafka.landing", shortest=0.5, longest=2.5, seed=2)
    pipeline.run("kafka.landing")
    with pipeline.raw() as raw:
        landed = Counter(document["event"]["id"] for document in raw.find({}, {"event.id": 1}))
    assert landed == Counter(event["id"] for event in mixed(EVENTS))
    assert alive > 0


def test_a_killed_indexer_leaves_every_event_exactly_once(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror")
    alive = kill_repeatedly(pipeline, "kafka.indexer", shortest=0.5, longest=3.0, seed=3)
    pipeline.run("kafka.indexer")
    with pipeline.search() as client:
        found = client.count(index="product-views", query={"term": {"kafka.topic": pipeline.topic}})["count"]
        distinct = client.search(
            index="product-views",
            size=0,
            query={"term": {"kafka.topic": pipeline.topic}},
            aggs={"ids": {"cardinality": {"field": "event_id", "precision_threshold": 40_000}}},
        )["aggregations"]["ids"]["value"]
    assert found == EVENTS
    # The cardinality aggregation is an estimate; the exact count above together with it leaves no room for doubles.
    assert abs(distinct - EVENTS) < EVENTS * 0.01
    assert alive > 0


def test_a_killed_etl_leaves_every_view_exactly_once(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror", "kafka.landing")
    alive = kill_repeatedly(pipeline, "etl", shortest=4.0, longest=20.0, seed=4)
    pipeline.run("etl")
    pipeline.run("kafka.indexer")
    expected = {event["id"] for event in mixed(EVENTS) if event["collection"] == "view_product_detail"}
    loaded = [str(event_id) for (event_id,) in pipeline.rows("SELECT event_id FROM fact_product_view_event")]
    assert len(loaded) == len(expected)
    assert set(loaded) == expected
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == len(expected)
    pipeline.reconcile()
    assert alive > 0
