"""`make bench`, or `python -m benchmarks [COMPARISON ...] [--events N] ...`; COMPARISONS has their names."""

import argparse
import logging
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import (
    anomalies,
    dashboard,
    etl,
    indexer,
    ingest,
    landing,
    live,
    memory,
    mirror,
    peers,
    scale,
    seed,
)
from benchmarks.report import Report
from benchmarks.workspace import Bench
from config.command_line import run_command
from config.errors import TerminalError
from utilities.local_servers.ephemeral import ephemeral_stack

STACK_PREFIX = "bench-"


@dataclass(frozen=True)
class Comparison:
    """One comparison and its usual size."""

    run: Callable[[Bench, int, int], None]
    events: int
    rounds: int


COMPARISONS = {
    "mirror": Comparison(mirror.run, mirror.EVENTS, mirror.ROUNDS),
    "landing": Comparison(landing.run, landing.EVENTS, landing.ROUNDS),
    "indexer": Comparison(indexer.run, indexer.EVENTS, indexer.ROUNDS),
    "ingest": Comparison(ingest.run, ingest.EVENTS, ingest.ROUNDS),
    "etl": Comparison(etl.run, etl.EVENTS, etl.ROUNDS),
    "peers": Comparison(peers.run, peers.EVENTS, peers.ROUNDS),
    "seed": Comparison(seed.run, seed.EVENTS, seed.ROUNDS),
    "scale": Comparison(scale.run, scale.EVENTS, scale.ROUNDS),
    "memory": Comparison(memory.run, memory.EVENTS, memory.ROUNDS),
}


@dataclass(frozen=True)
class Timed:
    """A measurement that goes on for so many seconds, with `option`'s number of what it is of."""

    run: Callable[[Bench, int, int], None]
    option: str
    number: int
    seconds: int


TIMED = {
    "live": Timed(live.run, "rate", live.RATE, live.SECONDS),
    "dashboard": Timed(dashboard.run, "clients", dashboard.CLIENTS, dashboard.SECONDS),
}
WITHOUT_SERVERS: dict[str, Callable[[Report], None]] = {"anomalies": anomalies.run}
"""Comparisons in simulated time, of one usual size."""
ALL = (*COMPARISONS, *TIMED, *WITHOUT_SERVERS)


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen comparisons; a missed target is printed and does not change the exit status."""
    parser = argparse.ArgumentParser(prog="benchmarks", description="Measure each stage side by side with its peers.")
    parser.add_argument("comparisons", nargs="*", metavar="comparison", help=f"any of {', '.join(ALL)}")
    parser.add_argument("--events", type=int, help="events of each pass (default: the size of the comparison)")
    parser.add_argument("--rounds", type=int, help="measured passes of each side (default: that of the comparison)")
    parser.add_argument("--rate", type=int, help="live: events a second (default: 1000)")
    parser.add_argument("--clients", type=int, help="dashboard: WebSocket clients (default: 500)")
    parser.add_argument("--seconds", type=int, help="live and dashboard: how long (default: 300, and 1800 of the tab)")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    unknown = set(options.comparisons) - set(ALL)
    if unknown:
        raise TerminalError(f"no comparison is called {', '.join(sorted(unknown))}; known: {', '.join(ALL)}")
    for noisy in ("elastic_transport", "kafka.topics"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report()
    report.machine()
    names = options.comparisons or ALL
    for name in names:
        if name in WITHOUT_SERVERS:
            WITHOUT_SERVERS[name](report)
    on_servers = [name for name in names if name not in WITHOUT_SERVERS]
    if on_servers:
        _on_servers(on_servers, options, report)
    report.summary()


def _on_servers(names: Sequence[str], options: argparse.Namespace, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix="millrace-bench-") as folder:
        directory = Path(folder)
        with ephemeral_stack(directory, STACK_PREFIX) as servers:
            bench = Bench(servers, directory, report)
            for name in names:
                if timed := TIMED.get(name):
                    timed.run(bench, getattr(options, timed.option) or timed.number, options.seconds or timed.seconds)
                else:
                    chosen = COMPARISONS[name]
                    chosen.run(bench, options.events or chosen.events, options.rounds or chosen.rounds)


if __name__ == "__main__":
    sys.exit(main())
