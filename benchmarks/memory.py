"""Peak memory of every stage: it must not grow with the data, nor with the size of events whose store is away."""

import os
import time
from collections.abc import Iterator

from benchmarks.feed import PARTITIONS, FeedRecord, TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.processes import Follower
from benchmarks.workspace import DATABASE, Bench, Workspace
from config.errors import TerminalError

EVENTS = 1_000_000
ROUNDS = 1
STAGES = ("kafka.mirror", "kafka.landing", "kafka.indexer", "etl")
SMALLER_BY = 10
LARGE_EVENTS, LARGE_EVENT_BYTES = 10_000, 100_000
SECONDS_AWAY = 60
CONTAINER_BYTES = 2**30
"""What docker-compose.yml gives landing."""


def run(bench: Bench, number: int, rounds: int) -> None:
    """Let a tenth of `number` events, then `number`, travel through all stages, `rounds` times each."""
    sizes = (number // SMALLER_BY, number)
    bench.report.note(f"\nmemory: {sizes[0]:,} and {sizes[1]:,} events through every stage, {rounds} rounds")
    peaks: dict[tuple[str, int], list[float]] = {}
    for turn in range(rounds):
        for size in sizes:
            workspace = Workspace(bench, f"memory-{turn}-{size}")
            workspace.prepare("source-kafka", "kafka", "postgres")
            bench.create_topic(workspace.topic)
            TopicWriter(bench.source_client(), workspace.topic).write(events(size))
            for stage in STAGES:
                peaks.setdefault((stage, size), []).append(workspace.run(stage).peak_bytes)
    _report(bench, sizes, {place: Series(values) for place, values in peaks.items()})
    _store_away(bench)


def _report(bench: Bench, sizes: tuple[int, int], peaks: dict[tuple[str, int], Series]) -> None:
    small, large = sizes
    rows = []
    for stage in STAGES:
        ratio = peaks[stage, large].per(peaks[stage, small])
        name = stage.removeprefix("kafka.")
        figures = [f"{peaks[stage, size].median / 2**20:,.0f}" for size in sizes]
        rows.append((name, *figures, f"{ratio:.2f} x"))
        bench.report.target(Target(f"memory: {name}, {large:,} vs {small:,} events", ratio, 1.5, at_most=True))
    bench.report.table("Peak resident memory, MiB", ("stage", f"{small:,}", f"{large:,}", "ratio"), rows)


def _store_away(bench: Bench) -> None:
    """Landing follows a topic of large events, and its store goes away in the middle of them."""
    bench.report.note(f"memory: {LARGE_EVENTS:,} events of {LARGE_EVENT_BYTES:,} bytes, their store away")
    workspace = Workspace(bench, "memory-away")
    workspace.prepare("kafka")
    bench.create_topic(workspace.topic)
    TopicWriter(bench.local_client(), workspace.topic).write(_large_events())
    log, command = workspace.log("landing"), workspace.command("kafka.landing", "--follow")
    with Follower("landing", command, workspace.environment, log) as landing:
        _wait_until_landed(workspace, landing)
        bench.servers.supervisor.stop_server("mongodb")
        try:
            time.sleep(SECONDS_AWAY)
            landing.check()
            peak = landing.peak_bytes()
        finally:
            bench.servers.supervisor.start_server("mongodb")
            bench.servers.wait_until_ready([each for each in bench.servers.servers if each.name == "mongodb"])
    bench.report.table("Store away", ("stage", "peak MiB"), [("landing", f"{peak / 2**20:,.0f}")])
    share = peak / CONTAINER_BYTES
    bench.report.target(Target("memory: landing, its store away, of its container's", share, 1.0, at_most=True))


def _large_events() -> Iterator[FeedRecord]:
    """Of random text, which no compression makes small."""
    now_ms = int(time.time() * 1000)
    for number in range(LARGE_EVENTS):
        value = b'{"text":"' + os.urandom(LARGE_EVENT_BYTES // 2).hex().encode() + b'"}'
        yield FeedRecord(number % PARTITIONS, None, value, now_ms)


def _wait_until_landed(workspace: Workspace, landing: Follower) -> None:
    deadline = time.monotonic() + SECONDS_AWAY
    with workspace.mongo("operator") as client:
        while client[DATABASE][workspace.collection].estimated_document_count() == 0:
            landing.check()
            if time.monotonic() > deadline:
                raise TerminalError("landing has landed nothing")
            time.sleep(0.1)
