"""Servers that are away or killed while stages follow; what a test of outages is made of."""

import os
import random
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Thread
from typing import Any

import psutil

from tests.arrivals import indexed_events, landed_events, local_records, wait_for_growth
from tests.pipeline import Pipeline
from utilities.local_servers.stack import Stack

OUTAGE_SECONDS = int(os.environ.get("OUTAGE_SECONDS", "15"))
OUTAGE_KILLS = int(os.environ.get("OUTAGE_KILLS", "2"))
RETURN_SECONDS = 180
STOP_SECONDS = 90
KEPT_LINES = 200
LONGEST_PAUSE_SECONDS = 3.0

STORED: dict[str, Callable[[Pipeline], int]] = {
    "kafka.mirror": local_records,
    "kafka.landing": landed_events,
    "kafka.indexer": indexed_events,
}
"""By stage that follows, what counts what it has written."""


class Following:
    """The stages that follow, and the last lines that each has printed."""

    def __init__(self, pipeline: Pipeline, environment: dict[str, str]) -> None:
        self.pipeline = pipeline
        self.processes = {stage: pipeline.start(stage, "--follow", **environment) for stage in STORED}
        self.lines: dict[str, deque[str]] = {stage: deque(maxlen=KEPT_LINES) for stage in STORED}
        # A pipe that nobody reads holds 64 KiB; then the stage that prints would stand still.
        readers = [Thread(target=self._read, args=each, daemon=True) for each in self.processes.items()]
        for reader in readers:
            reader.start()

    def _read(self, stage: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.lines[stage].extend(process.stdout)

    def assert_all_run(self, when: str) -> None:
        """Fail, with the last lines of the stages that have ended, unless all run."""
        ended = [stage for stage, process in self.processes.items() if process.poll() is not None]
        last_lines = "\n".join("".join(list(self.lines[stage])[-20:]) for stage in ended)
        assert not ended, f"{', '.join(ended)} ended {when}:\n{last_lines}"

    def wait_until_all_write(self) -> None:
        """Wait until each stage has written something more."""
        for stage, count in STORED.items():
            try:
                wait_for_growth(count, self.pipeline)
            except AssertionError as silence:
                self.assert_all_run(f"before the {stage} wrote more")
                last_lines = "".join(list(self.lines[stage])[-20:])
                raise AssertionError(f"{stage}: {silence}\n{last_lines}") from silence

    def stop(self) -> None:
        """Ask the stages to end, as an operator does, and see that they end well."""
        for process in self.processes.values():
            process.terminate()
        for stage, process in self.processes.items():
            status = process.wait(STOP_SECONDS)
            assert status == 0, f"{stage} ended with {status}:\n{''.join(self.lines[stage])}"


@contextmanager
def following(pipeline: Pipeline, **environment: str) -> Iterator[Following]:
    """Mirror, landing and indexer follow while the body runs, and are stopped after it."""
    pipeline.run("kafka.mirror")  # makes the local topic
    stages = Following(pipeline, environment)
    yield stages
    stages.assert_all_run("in the end")
    stages.stop()


@contextmanager
def away(stack: Stack, *servers: str, seconds: float = OUTAGE_SECONDS) -> Iterator[None]:
    """Servers are killed (SIGKILL) at once and stay away while the body runs, for `seconds` at the least."""
    with ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(lambda server: _kill_for_good(stack, server), servers))
    try:
        with _lasting(seconds):
            yield
    finally:
        for server in servers:
            stack.supervisor.start_server(server)
    wait_until_ready(stack, *servers)


@contextmanager
def frozen(stack: Stack, *servers: str, seconds: float = OUTAGE_SECONDS) -> Iterator[None]:
    """Servers whose system takes connections and requests while they say nothing (SIGSTOP), for `seconds` at least."""
    processes = [process for server in servers for process in _processes(stack, server)]
    for process in processes:
        process.suspend()
    try:
        with _lasting(seconds):
            yield
    finally:
        for process in processes:
            process.resume()
    wait_until_ready(stack, *servers)


@contextmanager
def _lasting(seconds: float) -> Iterator[None]:
    """The body, and a wait for what is left of the time."""
    until = time.monotonic() + seconds
    yield
    time.sleep(max(until - time.monotonic(), 0))


def _kill_for_good(stack: Stack, server: str) -> None:
    """Kill a server in such a way that the supervisor does not start it again.

    The supervisor must be told to stop it, which sends SIGTERM; a process that is frozen never sees that.
    """
    processes = _processes(stack, server)
    for process in processes:
        process.suspend()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stack.supervisor.stop_server, server)
        while stack.supervisor.states()[server]["statename"] != "STOPPING":
            time.sleep(0.02)
        for process in processes:
            process.kill()
        stopping.result()


def kill_server(stack: Stack, server: str) -> None:
    """Kill a server (SIGKILL) and wait until the supervisor has started it again and it answers."""
    killed = stack.supervisor.states()[server]["pid"]
    for process in _processes(stack, server):
        process.kill()
    deadline = time.monotonic() + RETURN_SECONDS
    while stack.supervisor.states()[server]["pid"] in (0, killed):
        assert time.monotonic() < deadline, f"{server} was not started again"
        time.sleep(0.2)
    wait_until_ready(stack, server)


def kill_often(stack: Stack, server: str, seed: int, kills: int = OUTAGE_KILLS) -> None:
    """Kill a server again and again, at a random moment after it answers."""
    rng = random.Random(seed)
    for _ in range(kills):
        time.sleep(rng.uniform(0, LONGEST_PAUSE_SECONDS))
        kill_server(stack, server)


def wait_until_ready(stack: Stack, *servers: str) -> None:
    """Wait until servers answer, and for so long that the supervisor takes their next death for one of a running one.

    It gives up a server that dies three times within 3 s of its start (startsecs, startretries).
    """
    stack.wait_until_ready([each for each in stack.servers if each.name in servers], RETURN_SECONDS)
    deadline = time.monotonic() + RETURN_SECONDS
    while any(stack.supervisor.states()[server]["statename"] != "RUNNING" for server in servers):
        assert time.monotonic() < deadline, f"{servers} do not keep running"
        time.sleep(0.2)


def _processes(stack: Stack, server: str) -> Sequence[psutil.Process]:
    first = psutil.Process(int(stack.supervisor.states()[server]["pid"]))
    return [first, *first.children(recursive=True)]


def assert_nothing_lost(pipeline: Pipeline, events: int) -> dict[str, Any]:
    """Run every stage to the end: all events are everywhere, and none is a dead letter; returns the totals."""
    pipeline.run_all()
    totals: dict[str, Any] = pipeline.reconcile()["totals"]
    assert totals["landed"] == totals["indexed"] == totals["loaded"] == events
    assert totals["dead_landing"] == totals["dead_indexer"] == 0
    return totals
