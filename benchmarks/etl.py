"""The ETL of product views, cold, against Spark JDBC and raw COPY of the same rows, and a run over 1 % new views.

One run that is not timed keeps what it staged and what it loaded. Its rows are what the peers write: Spark appends
those of the star by JDBC to bare tables, PostgreSQL's COPY loads those of staging into bare unlogged ones. Each
timed run of the ETL loads a warehouse that is empty; afterwards each gets the new views.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.bare_tables import copy_rows, keep_staged_rows, make_bare_tables, save_staged_rows
from benchmarks.feed import FeedRecord, TopicWriter, product_views
from benchmarks.figures import Series, Target
from benchmarks.jdbc_peer import JdbcPeer
from benchmarks.processes import Usage
from benchmarks.workspace import Bench, Workspace
from config.errors import TerminalError

EVENTS = 1_000_000
ROUNDS = 3
NEW_SHARE = 0.01
RUN_SECONDS = """
SELECT coalesce(extract(epoch FROM sum(finished_at - started_at)), 0)::float, coalesce(sum(views), 0)::bigint
FROM etl.run WHERE run_id > %s AND status = 'finished'
"""
PHASE = re.compile(r"phase=(.+) seconds=([\d.]+)")


@dataclass(frozen=True)
class Loaded:
    """A run of the ETL: the whole process, and the seconds from the run's start in the ledger to its end."""

    process: Usage
    run_seconds: float
    phases: dict[str, float]


def run(bench: Bench, number: int, rounds: int) -> None:
    """Load `number` product views `rounds` times, and the rows by other means."""
    new = max(int(number * NEW_SHARE), 1)
    feed = product_views(number + new)
    bus = Workspace(bench, "etl")
    bus.prepare("source-kafka", "kafka")
    bench.create_topic(bus.topic)
    bench.report.note(f"\nETL: {number:,} product views, then {new:,} new ones, {rounds} rounds")
    _land(bus, islice(feed, number))
    kept = _warehouse(bench, "kept")
    keep_staged_rows(kept)
    _load(kept, number)
    staged = save_staged_rows(kept, bench.directory)
    jdbc = JdbcPeer(kept)
    jdbc.export()
    warehouses = [_warehouse(bench, str(turn)) for turn in range(rounds)]
    full, copied, default, tuned = [], [], [], []
    for warehouse in warehouses:
        full.append(_load(warehouse, number))
        copied.append(copy_rows(kept, staged))
        default.append(jdbc.append(tuned=False))
        tuned.append(jdbc.append(tuned=True))
    _land(bus, feed)
    fresh = [_load(warehouse, new) for warehouse in warehouses]
    _report(bench, number, full, fresh)
    _report_peers(bench, number, full, {"default options": default, "tuned": tuned}, copied)


def _land(bus: Workspace, records: Iterator[FeedRecord]) -> None:
    TopicWriter(bus.bench.local_client(), bus.topic).write(records)
    bus.run("kafka.landing")


def _warehouse(bench: Bench, turn: str) -> Workspace:
    """The same topic and raw collection, another warehouse."""
    workspace = Workspace(bench, "etl", {"POSTGRES_DB": f"warehouse_etl_{turn}"})
    workspace.prepare("postgres")
    make_bare_tables(workspace)
    return workspace


def _load(warehouse: Workspace, views: int) -> Loaded:
    log = warehouse.log("etl")
    with warehouse.warehouse() as connection:
        (last,) = connection.execute("SELECT coalesce(max(run_id), 0) FROM etl.run").fetchone() or (0,)
        written = log.stat().st_size if log.exists() else 0
        usage = warehouse.run("etl")
        seconds, read = connection.execute(RUN_SECONDS, [last]).fetchone() or (0.0, 0)
    if read != views:
        raise TerminalError(f"the ETL read {read} product views where {views} had landed")
    return Loaded(usage, seconds, _phases(log, written))


def _phases(log: Path, written: int) -> dict[str, float]:
    """The seconds of each phase, as the ETL logs them; its last line of a phase counts."""
    with log.open(encoding="utf-8", errors="replace") as stream:
        stream.seek(written)
        return {found[1]: float(found[2]) for line in stream if "phase done" in line and (found := PHASE.search(line))}


def _report(bench: Bench, number: int, full: list[Loaded], fresh: list[Loaded]) -> None:
    rows = []
    for name, runs in ((f"all {number:,}", full), ("1 % new", fresh)):
        phases = {phase: Series([run.phases.get(phase, 0.0) for run in runs]).median for phase in runs[0].phases}
        rows.append(
            (
                name,
                Series([run.process.seconds for run in runs]).text(1),
                Series([run.run_seconds for run in runs]).text(1),
                Series([run.process.cpu_seconds for run in runs]).text(1),
                f"{max(run.process.peak_bytes for run in runs) / 2**20:,.0f}",
                ", ".join(f"{phase} {seconds:.1f}" for phase, seconds in phases.items()),
            )
        )
    columns = ("ETL", "process s", "run s", "CPU s", "peak MiB", "phases s")
    bench.report.table("ETL: the whole process, and its run apart from Spark's start", columns, rows)
    cost = Series([run.run_seconds for run in fresh]).per(Series([run.run_seconds for run in full]))
    bench.report.target(Target("ETL: run over 1 % new views vs the full run", cost, 0.15, at_most=True))


def _report_peers(
    bench: Bench, number: int, full: list[Loaded], appended: dict[str, list[tuple[Usage, float]]], copied: list[float]
) -> None:
    etl = Series([run.run_seconds for run in full])
    sides = {"ETL: read, check, enrich, deduplicate, load": (Series([run.process.seconds for run in full]), etl)}
    for options, runs in appended.items():
        inner = Series([seconds for _, seconds in runs])
        sides[f"Spark JDBC append, {options}"] = Series([usage.seconds for usage, _ in runs]), inner
    copy = Series(copied)
    sides["raw COPY of the staging rows, one connection"] = copy, copy
    rows = [
        (name, process.text(1), inner.text(1), f"{number / inner.median:,.0f}", f"{etl.per(inner):.2f} x")
        for name, (process, inner) in sides.items()
    ]
    columns = ("side", "process s", "without start s", "views/s", "the ETL's time to this")
    bench.report.table("ETL against writing the same rows", columns, rows)
