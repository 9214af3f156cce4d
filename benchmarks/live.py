"""From the shop to the browser: all stages run, events come at an even rate, and every place is asked what it has.

Timed is each event from its time on the bus, which its producer gives it, until as many events were there: in MongoDB,
in Elasticsearch, in the committed windows, and in the messages to a viewer's WebSocket.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice

import psutil

from benchmarks.delays import Arrivals, delays
from benchmarks.figures import Target
from benchmarks.live_events import LiveEvent, PacedSender, live_events
from benchmarks.live_places import COMMITTED, Watch, watched
from benchmarks.processes import Follower, tree_cpu_seconds
from benchmarks.serving_side import add_viewer, free_port, log_in, serving
from benchmarks.warehouse_queries import percentile
from benchmarks.workspace import Bench, Workspace
from config.errors import TerminalError

RATE = 1_000
SECONDS = 300
STAGES = ("kafka.mirror", "kafka.landing", "kafka.indexer", "stream")
FIRST_EVENTS = 100
WARM_SECONDS, WARM_COMMITS, WARM_AT_MOST = 20, 30, 180
"""Events come for so many seconds before anything is measured, and for so many commits; the last is the most."""
START_SECONDS = 300.0
"""For a first event to come everywhere: the stream starts a JVM."""
QUIET_SECONDS = 30.0
"""After so long without another arrival, what is missing does not come."""
HELD_SECONDS = 10.0
"""A rate is held where at its end no place is behind by more; a search finds what is five seconds old."""
SLOWER = 0.9
"""Of the throughput that was measured where a rate was not held, what is tried next."""
SHARES = (0.5, 0.95, 0.99)
THIS = "this benchmark: producer, watchers, browser"


@dataclass(frozen=True)
class Measured:
    """Events of one rate: when each was produced, what came when, until when was waited, and CPU seconds by process."""

    rate: float
    seconds: float
    produced: Sequence[float]
    arrivals: Mapping[str, Arrivals]
    sent_by: float
    end: float
    cpu: Mapping[str, float]

    def behind(self, name: str) -> float:
        """Seconds of events that a place did not have when the last one was sent."""
        return (len(self.produced) - self.arrivals[name].by(self.sent_by)) / self.rate

    def throughput(self, name: str) -> float:
        """Events a second that came to a place, from the first one's production until the last one had come."""
        arrivals = self.arrivals[name]
        return arrivals.total / (arrivals.times[-1] - self.produced[0]) if arrivals.times else 0.0

    @property
    def slowest(self) -> str:
        """The place that is furthest behind."""
        return max(self.arrivals, key=self.behind)

    @property
    def is_held(self) -> bool:
        """Whether every place kept up."""
        return self.behind(self.slowest) <= HELD_SECONDS


@dataclass(frozen=True)
class Running:
    """What is there while the events come."""

    bench: Bench
    stages: Mapping[str, Follower]
    watches: Sequence[Watch]
    sender: PacedSender
    events: Iterator[LiveEvent]

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of each stage, of each server, and of the benchmark itself."""
        servers = {each.name: each.pid for each in self.bench.servers.status() if each.pid}
        own = psutil.Process().cpu_times()
        return {
            **{name: stage.all_cpu_seconds() for name, stage in self.stages.items()},
            **{name: tree_cpu_seconds(pid) for name, pid in servers.items()},
            THIS: own.user + own.system,
        }

    def check(self) -> None:
        """Raise TerminalError where a stage has ended, or a place is asked in vain."""
        for stage in self.stages.values():
            stage.check()
        for watch in self.watches:
            watch.check()


def run(bench: Bench, rate: int, seconds: int) -> None:
    """Send `rate` events a second for so long; where that is not held, once more at what was."""
    workspace = Workspace(bench, "live", {"API_PORT": str(free_port())})
    workspace.prepare("source-kafka", "kafka", "postgres")
    bench.create_topic(workspace.topic)
    password = add_viewer(workspace)
    bench.report.note(f"\nlive: {rate:,} events a second for {seconds} s through every stage")
    sender = PacedSender(bench.source_client(), workspace.topic)
    events = _prepared(rate, seconds)
    with _stages(workspace) as (stages, port), watched(workspace, log_in(port, password)) as watches:
        running = Running(bench, stages, watches, sender, events)
        _warm_up(running, rate)
        measured = _measure(running, rate, seconds)
        _report(running, measured)
        held = measured.rate if measured.is_held else measured.throughput(measured.slowest)
        slower = int(SLOWER * held)
        if not measured.is_held and slower > 0:
            bench.report.note(f"\nlive: {rate:,}/s was not held; now {slower:,} events a second for {seconds} s")
            measured = _measure(running, slower, seconds)
            _report(running, measured)
            held = measured.rate if measured.is_held else measured.throughput(measured.slowest)
    _promise(bench, measured, watches)
    bench.report.target(Target("live: events/s held", held, RATE, at_most=False, unit="/s"))


def _prepared(rate: int, seconds: int) -> Iterator[LiveEvent]:
    """Events of the first run, made before anything runs, since to make one costs more than to send it; then others."""
    number = FIRST_EVENTS + rate * (WARM_SECONDS + seconds)
    events = live_events(2 * number + rate * WARM_AT_MOST)
    return chain(list(islice(events, number)), events)


@contextmanager
def _stages(workspace: Workspace) -> Iterator[tuple[dict[str, Follower], int]]:
    with ExitStack() as stack:
        api, port = stack.enter_context(serving(workspace))
        stages = {"serving": api}
        for module in STAGES:
            name, command = module.removeprefix("kafka."), workspace.command(module, "--follow")
            follower = Follower(name, command, workspace.environment, workspace.log(module))
            stages[name] = stack.enter_context(follower)
        yield stages, port


def _warm_up(running: Running, rate: int) -> None:
    """Until a first event has come everywhere; then at the rate until what JVMs compile is compiled."""
    bases = _totals(running)
    running.sender.send(islice(running.events, FIRST_EVENTS), rate)
    _wait(running, bases, FIRST_EVENTS, START_SECONDS)
    missing = [each.place.name for each in running.watches if each.arrivals.total <= bases[each.place.name]]
    if missing:
        raise TerminalError(f"no event has come to: {', '.join(missing)}")
    bases, sent, begun = _totals(running), 0, time.monotonic()
    commits = next(each.arrivals for each in running.watches if each.place.name == COMMITTED).times
    while (warm := time.monotonic() - begun) < WARM_SECONDS or (len(commits) < WARM_COMMITS and warm < WARM_AT_MOST):
        sent += len(running.sender.send(islice(running.events, rate), rate))
        running.check()
    _wait(running, bases, sent)


def _measure(running: Running, rate: int, seconds: int) -> Measured:
    events = list(islice(running.events, rate * seconds))
    bases, before = _totals(running), running.cpu()
    produced = running.sender.send(events, rate)
    sent_by, after = time.time(), running.cpu()
    end = _wait(running, bases, len(produced))
    arrivals = {each.place.name: each.arrivals.beyond(bases[each.place.name]) for each in running.watches}
    cpu = {name: after[name] - before.get(name, 0.0) for name in after}
    return Measured(rate, sent_by - produced[0], produced, arrivals, sent_by, end, cpu)


def _totals(running: Running) -> dict[str, int]:
    return {each.place.name: each.arrivals.total for each in running.watches}


def _wait(running: Running, bases: Mapping[str, int], number: int, quiet_seconds: float = QUIET_SECONDS) -> float:
    """Wait until every place has `number` more, or none gets anything any more; returns the time."""
    before, moved = _totals(running), time.monotonic()
    while time.monotonic() - moved <= quiet_seconds:
        running.check()
        totals = _totals(running)
        if all(total - bases[name] >= number for name, total in totals.items()):
            break
        if totals != before:
            before, moved = totals, time.monotonic()
        time.sleep(0.1)
    return time.time()


def _report(running: Running, measured: Measured) -> None:
    rows = []
    for name, arrivals in measured.arrivals.items():
        found = delays(measured.produced, arrivals, measured.end)
        figures = [f"{percentile(found, share):.2f}" for share in SHARES]
        missing = len(measured.produced) - arrivals.total
        rows.append(
            (name, *figures, f"{measured.throughput(name):,.0f}", f"{measured.behind(name):.1f}", f"{missing:,}")
        )
    sent = len(measured.produced) / measured.seconds
    columns = ("seconds until events are in", "p50", "p95", "p99", "events/s", "behind at the end, s", "missing")
    running.bench.report.table(f"Live, {len(measured.produced):,} events sent at {sent:,.0f}/s", columns, rows)
    cpu = [
        (name, f"{seconds:.1f}", f"{seconds / measured.seconds:.2f}", f"{seconds / len(measured.produced) * 1e6:,.0f}")
        for name, seconds in measured.cpu.items()
    ]
    stages = sum(measured.cpu[name] for name in running.stages)
    cpu.append(("all stages", f"{stages:.1f}", f"{stages / measured.seconds:.2f}", ""))
    running.bench.report.table("CPU while events were sent", ("process", "seconds", "cores", "us/event"), cpu)
    running.bench.report.note(_commits(measured))


def _commits(measured: Measured) -> str:
    """How often the stream committed while events were sent: an event waits for the next time, and for the batch."""
    number = sum(at <= measured.sent_by for at in measured.arrivals[COMMITTED].times)
    if not number:
        return "the stream committed nothing while events were sent"
    every, cpu = measured.seconds / number, measured.cpu["stream"] / number
    return f"the stream committed {number:,} times, every {every:.1f} s, for {cpu:.2f} s of CPU each"


def _promise(bench: Bench, measured: Measured, watches: Sequence[Watch]) -> None:
    for place in (watch.place for watch in watches):
        found = delays(measured.produced, measured.arrivals[place.name], measured.end)
        for name, share, limit in (("p95", 0.95, place.p95), ("p99", 0.99, place.p99)):
            if limit is not None:
                promise = f"live: {place.name}, {name} at {measured.rate:,.0f}/s"
                bench.report.target(Target(promise, percentile(found, share), limit, at_most=True, unit="s"))
