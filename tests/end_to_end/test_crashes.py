"""Promise 1: kill any process with SIGKILL at any moment, restart it, and every event is everywhere exactly once.

Each kill hits a process in the middle of its work: its store has grown since the start, or its log tells the phase.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from elasticsearch.helpers import scan

from kafka.log_reader import read_to_end
from kafka.position import bus_position
from tests.arrivals import PORTION, arriving, indexed_events, landed_events, local_records, wait_for_growth
from tests.events import act, mixed, order
from tests.pipeline import Pipeline, wait_for_line
from tests.warehouse_checksums import checksums

KILLS = int(os.environ.get("CRASH_KILLS", "5"))
LONGEST_DELAY_SECONDS = 1.0
EVENTS_TO_LOAD = 30_000
MOMENTS = (
    ("run started", "phase=read and stage", 1.0),
    ("phase=read and stage", "phase=describe members", 1.0),
    ("staged run=", "phase=load", 0.2),
    ("statement=010_dim_product_new", "phase=load", 0.2),
    ("statement=060_fact_product_view_event", "phase=load", 0.2),
)
"""Where the ETL is killed: what its log has said, what it has not said yet, and the longest delay between."""

pytestmark = pytest.mark.servers


def digest(*content: Any) -> str:
    return sha256(json.dumps(content, sort_keys=True, default=repr).encode()).hexdigest()


def records(pipeline: Pipeline, client: dict[str, Any]) -> Counter[str]:
    """How often each record stands in the topic: a checksum over partition, key, value, timestamp and headers."""
    return Counter(
        digest(message.partition(), message.key(), message.value(), message.timestamp(), message.headers())
        for message in read_to_end(client, pipeline.topic)
    )


def kill(process: subprocess.Popen[str]) -> None:
    """Kill the whole process group; fails the test if the process had ended by itself."""
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL


def kill_at_work(pipeline: Pipeline, stage: str, count: Callable[[Pipeline], int], seed: int) -> None:
    """KILLS times: start the stage, wait until it has written something, and kill it a random moment later."""
    rng = random.Random(seed)
    for _ in range(KILLS):
        # More than the marks that end what the killed one left open.
        before = count(pipeline) + PORTION
        process = pipeline.start(stage, "--follow")
        wait_for_growth(count, pipeline, before)
        time.sleep(rng.uniform(0, LONGEST_DELAY_SECONDS))
        kill(process)


def on_the_bus(pipeline: Pipeline) -> dict[str, str]:
    """By bus position, which is the `_id` everywhere: a checksum of the event."""
    return {
        bus_position(pipeline.topic, message.partition() or 0, message.offset() or 0): digest(
            json.loads(message.value() or b"")
        )
        for message in read_to_end(pipeline.local_client("operator"), pipeline.topic)
    }


def test_a_killed_mirror_leaves_every_record_exactly_once(pipeline: Pipeline) -> None:
    with arriving(pipeline) as events:
        pipeline.run("kafka.mirror")  # makes the local topic
        kill_at_work(pipeline, "kafka.mirror", local_records, seed=1)
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    source = records(pipeline, pipeline.source_client("mirror", "source_password"))
    assert records(pipeline, pipeline.local_client("operator")) == source
    assert sum(source.values()) == len(events)


def test_killed_landing_and_indexer_leave_every_event_exactly_once(pipeline: Pipeline) -> None:
    with arriving(pipeline) as events, ThreadPoolExecutor(2) as pool:
        pipeline.run("kafka.mirror")  # makes the local topic
        mirror = pipeline.start("kafka.mirror", "--follow")
        landing = pool.submit(kill_at_work, pipeline, "kafka.landing", landed_events, 2)
        indexer = pool.submit(kill_at_work, pipeline, "kafka.indexer", indexed_events, 3)
        landing.result()
        indexer.result()
    mirror.terminate()
    assert mirror.wait(60) == 0
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    for stage in ("kafka.landing", "kafka.indexer"):
        pipeline.run(stage, MAX_MESSAGES="0")
    bus = on_the_bus(pipeline)
    assert Counter(bus.values()) == Counter(digest(event) for event in events)
    with pipeline.raw() as raw:
        landed = {document["_id"]: digest(document["event"]) for document in raw.find({}, {"event": 1})}
    assert landed == bus
    query = {"query": {"term": {"kafka.topic": pipeline.topic}}}
    with pipeline.search() as client:
        hits = list(scan(client, query=query, index="product-views", source=["event"]))
    # A position could stand in two monthly indices.
    assert len(hits) == len(bus)
    assert {hit["_id"]: digest(hit["_source"]["event"]) for hit in hits} == bus


def test_a_killed_etl_leaves_the_warehouse_of_one_that_was_not(pipeline: Pipeline) -> None:
    acts = [act(n, "add_to_cart_action", price="99,00", currency="€") for n in range(50)]
    events = [*mixed(EVENTS_TO_LOAD), *acts, *(order(n, 6200001 + n, 80_000 + n) for n in range(50))]
    pipeline.produce_events(events)
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage, MAX_MESSAGES="0")
    rng = random.Random(4)
    for number in range(KILLS):
        begun, ended, longest_delay = MOMENTS[number % len(MOMENTS)]
        process = pipeline.start("etl", "--debug", ETL_RANGE_OFFSETS="2000")
        wait_for_line(process, begun)
        time.sleep(rng.uniform(0, longest_delay))
        kill(process)
        assert process.stdout is not None
        assert ended not in process.stdout.read()
    pipeline.run("etl")
    uncrashed = pipeline.with_another_warehouse()
    uncrashed.run("etl")
    assert checksums(pipeline, surrogate_keys=False) == checksums(uncrashed, surrogate_keys=False)
    loaded = Counter(str(event_id) for (event_id,) in pipeline.rows("SELECT event_id FROM fact_event"))
    assert loaded == Counter(event["id"] for event in events)
    pipeline.reconcile()
    states = Counter(status for (status,) in pipeline.rows("SELECT status FROM etl.run"))
    assert states == {"crashed": KILLS, "finished": 1}
