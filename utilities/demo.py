"""`./millrace demo`: bring the servers up, let events travel the whole way, reconcile, and print a report.

The stages run as a user would run them, each in a process of its own. `--events` or EVENTS (default 100000) sets how
many events are generated; `--capture` or CAPTURE names a JSON-lines file, plain or .gz, to replay instead.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from rich.table import Table

from config.command_line import run_command
from config.console import result_console
from config.errors import TerminalError
from config.secret_settings import SecretSettings
from config.settings import PROJECT_ROOT, Settings
from utilities.local_servers.settings import LocalServerSettings
from utilities.local_servers.stack import Stack
from utilities.psql import ReaderSettings


class DemoSettings(Settings):
    """What travels: `events` generated ones, or the lines of `capture`."""

    events: int = Field(default=100_000, ge=1)
    """How many events `./millrace demo` generates."""
    capture: Path | None = None
    """JSON-lines file that `./millrace demo` replays instead."""


@dataclass(frozen=True)
class Step:
    """One stage of the demonstration: what it does for the reader, and its command."""

    title: str
    command: list[str]


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; returns the exit status."""
    parser = argparse.ArgumentParser(prog="demo", description="Events travel from the source Kafka to the report.")
    # The settings judge both: a value from the environment must be refused by the same line.
    parser.add_argument("--events", metavar="N", help="how many are generated (default: EVENTS, else 100000)")
    parser.add_argument("--capture", metavar="FILE", help="JSON lines, plain or .gz, to replay instead")
    return run_command(parser, _run, arguments)


def _run(options: argparse.Namespace) -> None:
    # Not before the options are understood: the warehouse's client takes a third of a second to import.
    from utilities.report import print_report

    asked = {name: value for name in ("events", "capture") if (value := getattr(options, name)) is not None}
    settings = DemoSettings.load(**asked)
    if settings.capture is not None and not settings.capture.is_file():
        raise TerminalError(f"CAPTURE: there is no file {settings.capture}")
    console = result_console()
    timings = [(step.title, _run_step(step)) for step in _steps(settings)]
    console.print()
    print_report(console)
    console.print(_timings(timings))
    stack = Stack(LocalServerSettings.load(), SecretSettings.load())
    print("\n" + "\n".join(what_to_do_now(ReaderSettings.load(), stack, generated=settings.capture is None)))


def what_to_do_now(reader: ReaderSettings, stack: Stack, generated: bool) -> list[str]:
    """The last lines: how to look at what is there now, and how to end it."""
    lines = [
        f"DBeaver or psql: {reader.connection_line()}",
        "password: POSTGRES_BI_PASSWORD in .env; or type: ./millrace psql",
        "this report again: ./millrace report",
        "the live side, a shop as it happens: ./millrace live",
    ]
    if (event := an_event(reader)) is not None:
        lines.append(f"an event's whole way: ./millrace trace {event}")
    if generated:
        sown = "a few broken records were generated on purpose"
        lines.append(f"the dead letters: {sown}; ./millrace dead-letters --dry-run shows them")
        lines.append("the rejected events, if any: the same; ./millrace rejected shows them")
    running = [row for row in stack.status() if row.pid is not None]
    if running:
        memory = sum(row.memory or 0 for row in running) / 2**30
        lines.append(
            f"{len(running)} servers go on running with {memory:.1f} GiB of memory: ./millrace down stops them,"
            f" their data in {stack.settings.stack_directory} stays"
        )
    return lines


def an_event(reader: ReaderSettings) -> str | None:
    """The id of a product view that is in the warehouse; None where there is none."""
    from utilities.stores.warehouse import warehouse_connection

    with warehouse_connection(reader, reader.postgres_bi_user, reader.postgres_bi_password) as connection:
        row = connection.execute("SELECT event_id FROM fact_product_view_event LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def _steps(settings: DemoSettings) -> list[Step]:
    if settings.capture is not None:
        source = Step(
            f"replay {settings.capture.name} into the source Kafka",
            _module("utilities.replay_events", str(settings.capture.resolve())),
        )
    else:
        generate = _module("utilities.generate_events", "--events", str(settings.events))
        source = Step(f"generate {settings.events:,} events into the source Kafka", generate)
    spark_submit = str(Path(sys.executable).with_name("spark-submit"))
    return [
        Step("servers up", _module("utilities.local_servers", "up")),
        source,
        Step("mirror: source Kafka -> local cluster", _module("kafka.mirror")),
        Step("landing: local cluster -> MongoDB", _module("kafka.landing")),
        Step("indexer: local cluster -> Elasticsearch", _module("kafka.indexer")),
        Step("ETL: MongoDB -> Spark -> PostgreSQL", [spark_submit, "spark/etl.py"]),
        Step("reconcile", _module("utilities.reconcile")),
    ]


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _run_step(step: Step) -> float:
    """Run one step with its output passed through; returns its seconds."""
    print(f"\n==> {step.title}", flush=True)
    started = time.monotonic()
    own = {
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(PROJECT_ROOT / "config" / "spark"),
        "MAX_MESSAGES": "0",
    }
    status = subprocess.run(step.command, cwd=PROJECT_ROOT, env={**os.environ, **own}).returncode
    if status != 0:
        raise TerminalError(f"'{step.title}' failed with status {status}; its last lines above say why")
    return time.monotonic() - started


def _timings(timings: list[tuple[str, float]]) -> Table:
    table = Table(title="Stage timings", title_justify="left", box=None, pad_edge=False)
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    for title, seconds in [*timings, ("total", sum(seconds for _, seconds in timings))]:
        table.add_row(title, f"{seconds:.1f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
