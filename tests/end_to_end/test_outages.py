"""Promise 3: a broken server is not a bad event. Servers are killed during a run; nothing is lost or dead-lettered."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.arrivals import arriving, indexed_events, landed_events, local_records, wait_for_growth
from tests.events import mixed
from tests.pipeline import Pipeline, wait_for_line

EVENTS = 30_000
OUTAGE_SECONDS = 20
RETURN_SECONDS = 120
STOP_SECONDS = 90

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(os.environ.get("TEST_SERVERS") == "running", reason="kills servers, which must not be others'"),
]


@contextmanager
def outage(pipeline: Pipeline, server: str) -> Iterator[None]:
    """The server is killed and stays away while the body runs, OUTAGE_SECONDS at the least.

    The supervisor would start it again at once: it is frozen, and does so when it may go on.
    """
    supervisor = pipeline.servers.supervisor
    pid = int(supervisor.states()[server]["pid"])
    supervisor_pid = int((supervisor.directory / "supervisord.pid").read_text())
    os.kill(supervisor_pid, signal.SIGSTOP)
    try:
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            process.kill()
        until = time.monotonic() + OUTAGE_SECONDS
        yield
        time.sleep(max(until - time.monotonic(), 0))
    finally:
        os.kill(supervisor_pid, signal.SIGCONT)
    wait_until_back(pipeline, server, pid)


def wait_until_back(pipeline: Pipeline, server: str, killed_pid: int) -> None:
    """Wait until the supervisor has started the server again and it answers."""
    deadline = time.monotonic() + RETURN_SECONDS
    while pipeline.servers.supervisor.states()[server]["pid"] in (0, killed_pid):
        assert time.monotonic() < deadline, f"{server} was not started again"
        time.sleep(0.2)
    pipeline.servers.wait_until_ready([each for each in pipeline.servers.servers if each.name == server])


def assert_nothing_lost(pipeline: Pipeline, events: int) -> None:
    pipeline.run_all()
    totals = pipeline.reconcile()["totals"]
    assert totals["landed"] == totals["indexed"] == totals["loaded"] == events
    assert totals["dead_landing"] == totals["dead_indexer"] == 0


def test_a_broker_mongodb_and_elasticsearch_may_each_die_and_come_back_while_events_arrive(pipeline: Pipeline) -> None:
    stored: dict[str, Callable[[Pipeline], int]] = {
        "kafka.mirror": local_records,
        "kafka.landing": landed_events,
        "kafka.indexer": indexed_events,
    }
    servers = {"kafka-2": "kafka.mirror", "mongodb": "kafka.landing", "elasticsearch": "kafka.indexer"}
    with arriving(pipeline) as events:
        pipeline.run("kafka.mirror")  # makes the local topic
        stages = {stage: pipeline.start(stage, "--follow") for stage in stored}
        for server, waiting in servers.items():
            for count in stored.values():
                wait_for_growth(count, pipeline)
            with outage(pipeline, server):
                if server == "kafka-2":
                    # Two brokers of three are enough to go on with.
                    wait_for_growth(local_records, pipeline)
                assert stages[waiting].poll() is None
            running = [stage for stage, process in stages.items() if process.poll() is None]
            assert running == list(stages), f"after the outage of {server}"
        for count in stored.values():
            wait_for_growth(count, pipeline)
    for stage, process in stages.items():
        process.terminate()
        output, _ = process.communicate(timeout=STOP_SECONDS)
        assert process.returncode == 0, f"{stage}: {output[-4000:]}"
    assert_nothing_lost(pipeline, len(events))


def test_mongodb_and_postgresql_may_each_die_and_come_back_during_an_etl_run(pipeline: Pipeline) -> None:
    pipeline.produce_events(list(mixed(EVENTS)))
    for stage in ("kafka.mirror", "kafka.landing"):
        pipeline.run(stage, MAX_MESSAGES="0")
    etl = pipeline.start("etl", ETL_RANGE_OFFSETS="1000")
    wait_for_line(etl, "run started")
    with outage(pipeline, "mongodb"):
        assert etl.poll() is None
    was_read = wait_for_line(etl, "phase=read and classify")
    assert float(was_read.rpartition("seconds=")[2]) >= OUTAGE_SECONDS
    with outage(pipeline, "postgres"):
        assert etl.poll() is None
    assert pipeline.rows("SELECT status FROM etl.run") == [("running",)]
    output, _ = etl.communicate()
    assert etl.returncode == 0, output[-4000:]
    assert pipeline.rows("SELECT status FROM etl.run") == [("finished",)]
    assert_nothing_lost(pipeline, EVENTS)
