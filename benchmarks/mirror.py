"""The mirror against MirrorMaker 2 (exactly once, and default) and against a bare loop of the same client.

Two comparisons. *Warm*: all four run on, and get the same feed in turn, each in its own topic; it is sent in one
transaction, so that none can begin before it is complete. *Whole process*: the mirror and the bare loop start, copy
the feed and end, in turn. After each pass the copy is compared with the feed, byte by byte.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count

from benchmarks.destination import Destination, FirstRecord
from benchmarks.feed import Feed, TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.mirror_maker import MirrorMaker
from benchmarks.processes import Follower, Usage, measure
from benchmarks.report import Report
from benchmarks.rounds import turn
from benchmarks.workspace import Bench, Workspace
from config.settings import PROJECT_ROOT
from utilities.local_servers.ephemeral import free_ports

EVENTS = 300_000
ROUNDS = 5
# MirrorMaker 2 is measured once its JIT has compiled what matters; the first pass includes its start.
WARM_UP_PASSES = 4
PASS_SECONDS = 180.0
SETTLE_SECONDS = 0.5
MIRROR, BARE, MM2_EOS, MM2_DEFAULT = "mirror", "bare loop", "MirrorMaker 2, exactly once", "MirrorMaker 2, default"
BARE_LOOP = PROJECT_ROOT / "benchmarks" / "bare_loop.py"


@dataclass
class Costs:
    """What the measured passes of one side cost, and its cold start: seconds to the first and to the last record."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    peak_bytes: list[float] = field(default_factory=list)
    first_record: list[float] = field(default_factory=list)

    def rate(self, records: int) -> Series:
        """Events a second, by pass."""
        return Series([records / seconds for seconds in self.seconds])

    def add(self, usage: Usage, first_record: float) -> None:
        """One pass of a whole process."""
        self.seconds.append(usage.seconds)
        self.cpu_seconds.append(usage.cpu_seconds)
        self.peak_bytes.append(usage.peak_bytes)
        self.first_record.append(first_record)


class Side:
    """One of the compared programs with its topic, and the means to feed it and to see what it wrote."""

    def __init__(self, bench: Bench, name: str, workspace: Workspace) -> None:
        self.name = name
        self.workspace = workspace
        self.costs = Costs()
        self.cold = Costs()
        self._bench = bench
        bench.create_topic(workspace.topic)
        self._writer = TopicWriter(bench.source_client(), workspace.topic)
        self._destination = Destination(bench.local_client(), workspace.topic)

    def run(self, feed: Feed, command: list[str], environment: dict[str, str]) -> tuple[Usage, float]:
        """Run a process that copies the feed and ends; returns its cost and the seconds to the first record."""
        starts = self._destination.ends()
        self._writer.write(feed.records)
        first = FirstRecord(self._bench.local_client(), self.workspace.topic)
        started = time.monotonic()
        usage = measure(command, environment, self.workspace.log("whole"), self.name)
        seen = first.end()
        self._destination.compare(feed, starts)
        return usage, seen - started

    def start(self, feed: Feed, command: list[str], environment: dict[str, str]) -> Follower:
        """Start a process that goes on, with a feed waiting for it."""
        starts = self._destination.ends()
        self._writer.write(feed.records)
        first = FirstRecord(self._bench.local_client(), self.workspace.topic)
        started = time.monotonic()
        follower = Follower(self.name, command, environment, self.workspace.log("follow"))
        try:
            done = self._destination.wait(feed, starts, follower.check, PASS_SECONDS)
            self.cold.add(Usage(done - started, follower.cpu_seconds(), follower.peak_bytes()), first.end() - started)
            self._destination.compare(feed, starts)
        except BaseException:
            follower.__exit__(None, None, None)
            raise
        return follower

    def follow(self, feed: Feed, follower: Follower, measured: bool) -> None:
        """Give a running process the feed, all at once, and wait until it is copied."""
        starts = self._destination.ends()
        self._writer.prepare(feed.records)
        time.sleep(SETTLE_SECONDS)
        cpu_before = follower.cpu_seconds()
        released = self._writer.release()
        done = self._destination.wait(feed, starts, follower.check, PASS_SECONDS)
        time.sleep(SETTLE_SECONDS)
        cpu = follower.cpu_seconds() - cpu_before
        self._destination.compare(feed, starts)
        if measured:
            self.costs.add(Usage(done - released, cpu, follower.peak_bytes()), 0.0)

    def close(self) -> None:
        """Leave both clusters."""
        self._destination.close()


def run(bench: Bench, number: int, rounds: int) -> None:
    """Measure `number` events in `rounds` passes and report."""
    feed = Feed(events(number))
    report = bench.report
    report.note(f"\nmirror: {len(feed):,} events of {feed.mean_bytes:.0f} bytes, lz4, 3 partitions, {rounds} rounds")
    bench.wait_for_groups()
    warm = _warm(bench, feed, rounds)
    whole = _whole(bench, feed, rounds)
    report.note("every pass of every side was byte-identical to the source, in order, with key, time and headers")
    _report_warm(report, warm, len(feed))
    _report_whole(report, whole, len(feed))
    _targets(report, warm, whole, len(feed))


def _warm(bench: Bench, feed: Feed, rounds: int) -> dict[str, Side]:
    sides = _sides(bench, (MIRROR, BARE, MM2_EOS, MM2_DEFAULT), "follow")
    with ExitStack() as running:
        followers = {}
        for name, side in sides.items():
            running.callback(side.close)
            environment = _environment(bench, side, events_to_copy=0)
            followers[name] = running.enter_context(side.start(feed, _command(bench, side, "--follow"), environment))
        for number in range(WARM_UP_PASSES + rounds):
            for name in turn(list(sides), number):
                sides[name].follow(feed, followers[name], measured=number >= WARM_UP_PASSES)
    return sides


def _whole(bench: Bench, feed: Feed, rounds: int) -> dict[str, Side]:
    sides = _sides(bench, (MIRROR, BARE), "whole")
    with ExitStack() as open_sides:
        for side in sides.values():
            open_sides.callback(side.close)
        for number in range(rounds):
            for name in turn(list(sides), number):
                side = sides[name]
                side.costs.add(*side.run(feed, _command(bench, side), _environment(bench, side, len(feed))))
    return sides


def _sides(bench: Bench, names: tuple[str, ...], how: str) -> dict[str, Side]:
    numbers = count(1)
    sides = {}
    for name in names:
        workspace = Workspace(bench, f"mirror-{how}-{next(numbers)}")
        if name == MIRROR:
            workspace.prepare("source-kafka", "kafka")
        sides[name] = Side(bench, name, workspace)
    return sides


def _environment(bench: Bench, side: Side, events_to_copy: int) -> dict[str, str]:
    setup = {
        "source": bench.source_client(),
        "destination": bench.local_client(),
        "topic": side.workspace.topic,
        "events": events_to_copy,
    }
    return {**side.workspace.environment, "BARE_LOOP": json.dumps(setup)}


def _command(bench: Bench, side: Side, *arguments: str) -> list[str]:
    if side.name == MIRROR:
        return side.workspace.command("kafka.mirror", *arguments)
    if side.name == BARE:
        return [sys.executable, str(BARE_LOOP)]
    return _mirror_maker(bench, side, exactly_once=side.name == MM2_EOS)


def _mirror_maker(bench: Bench, side: Side, exactly_once: bool) -> list[str]:
    artifacts = bench.servers.artifacts
    artifacts.ensure_kafka(profile="benchmark")
    (port,) = free_ports(1)
    return MirrorMaker(
        side.workspace.topic,
        bench.source_client(),
        bench.local_client(),
        exactly_once,
        artifacts.kafka_with_mirror_maker,
        port,
    ).command(bench.directory)


def _report_warm(report: Report, sides: dict[str, Side], number: int) -> None:
    rows = []
    for name, side in sides.items():
        costs, cold = side.costs, side.cold
        rows.append(
            (
                name,
                costs.rate(number).text(0),
                Series([cpu / number * 1e6 for cpu in costs.cpu_seconds]).text(),
                f"{max(costs.peak_bytes) / 2**20:,.0f}",
                f"{cold.first_record[0]:.2f}",
                f"{cold.seconds[0]:.2f}",
            )
        )
    columns = ("warm, following", "events/s", "CPU us/event", "peak MiB", "start to first s", "start to all s")
    report.table("Mirror, warm: median (least-greatest) of the passes", columns, rows)


def _report_whole(report: Report, sides: dict[str, Side], number: int) -> None:
    rows = [
        (
            name,
            Series(side.costs.seconds).text(),
            side.costs.rate(number).text(0),
            Series([cpu / number * 1e6 for cpu in side.costs.cpu_seconds]).text(),
            f"{max(side.costs.peak_bytes) / 2**20:,.0f}",
            Series(side.costs.first_record).text(),
        )
        for name, side in sides.items()
    ]
    columns = ("whole process", "seconds", "events/s", "CPU us/event", "peak MiB", "start to first s")
    report.table("Mirror, from start to end of the process", columns, rows)


def _targets(report: Report, warm: dict[str, Side], whole: dict[str, Side], number: int) -> None:
    mirror = warm[MIRROR].costs

    def compare(what: str, figure: Callable[[Costs], Series], limit: float, at_most: bool) -> None:
        for peer in (MM2_EOS, MM2_DEFAULT):
            ratio = figure(mirror).per(figure(warm[peer].costs))
            report.target(Target(f"mirror: {what} vs {peer}", ratio, limit, at_most))

    compare("CPU per event", lambda costs: Series(costs.cpu_seconds), 0.6, at_most=True)
    compare("throughput", lambda costs: costs.rate(number), 1.0, at_most=False)
    compare("peak memory", lambda costs: Series([max(costs.peak_bytes)]), 0.4, at_most=True)
    first = Series(whole[MIRROR].costs.first_record).median
    report.target(Target("mirror: first record after start", first, 2.0, at_most=True, unit="s"))
    for how, sides in (("warm", warm), ("whole process", whole)):
        ratio = Series(sides[MIRROR].costs.seconds).per(Series(sides[BARE].costs.seconds))
        report.target(Target(f"mirror: time vs bare loop, {how}", ratio, 1.5, at_most=True))
