"""Promise 3: a broken server is not a bad event. Servers go away during a run; nothing is lost or dead-lettered."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.events import mixed
from tests.pipeline import Pipeline

EVENTS = 30_000
OUTAGE_SECONDS = 20
RUN_SECONDS = 240

pytestmark = pytest.mark.servers


@contextmanager
def outage(pipeline: Pipeline, server: str) -> Iterator[None]:
    """The server is killed now and comes back after OUTAGE_SECONDS, while the body runs."""
    stack = pipeline.servers
    described = [each for each in stack.servers if each.name == server]
    stack.supervisor.stop_server(server)

    def come_back() -> None:
        time.sleep(OUTAGE_SECONDS)
        stack.supervisor.start_server(server)

    thread = threading.Thread(target=come_back)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        stack.wait_until_ready(described)


def finish(pipeline: Pipeline, server: str, stage: str, head_start: float, **environment: str) -> None:
    """Take the server away shortly after the stage's start and let the stage run to its end."""
    process = pipeline.start(stage, **environment)
    time.sleep(head_start)
    with outage(pipeline, server):
        output, _ = process.communicate(timeout=RUN_SECONDS)
    assert process.returncode == 0, output[-4000:]


def fill(pipeline: Pipeline, *stages: str) -> None:
    pipeline.produce_events(list(mixed(EVENTS)))
    for stage in stages:
        pipeline.run(stage, MAX_MESSAGES="0")


def assert_nothing_lost(pipeline: Pipeline) -> None:
    pipeline.run_all()
    figures = pipeline.reconcile()
    assert figures["totals"]["landed"] == EVENTS
    assert figures["totals"]["dead_landing"] == figures["totals"]["dead_indexer"] == 0


def test_one_of_three_brokers_may_die_and_come_back_during_a_mirror_run(pipeline: Pipeline) -> None:
    fill(pipeline)
    finish(pipeline, "kafka-2", "kafka.mirror", 1.0, MAX_MESSAGES="0")
    assert_nothing_lost(pipeline)


def test_mongodb_may_be_away_during_a_landing(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror")
    finish(pipeline, "mongodb", "kafka.landing", 0.8)
    assert_nothing_lost(pipeline)


def test_elasticsearch_may_be_away_during_indexing(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror")
    finish(pipeline, "elasticsearch", "kafka.indexer", 0.8)
    assert_nothing_lost(pipeline)


def test_postgresql_may_be_away_during_an_etl_run(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror", "kafka.landing")
    finish(pipeline, "postgres", "etl", 8.0)
    assert_nothing_lost(pipeline)


def test_mongodb_may_be_away_during_an_etl_run(pipeline: Pipeline) -> None:
    fill(pipeline, "kafka.mirror", "kafka.landing")
    finish(pipeline, "mongodb", "etl", 8.0)
    assert_nothing_lost(pipeline)
