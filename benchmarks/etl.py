"""The ETL of product views, cold, against Spark JDBC and raw COPY of the same rows, and a run over 1 % new views.

One run that is not timed keeps what it staged and what it loaded. Its rows are what the peers write: Spark appends
those of the star by JDBC to bare tables, PostgreSQL's COPY loads those of staging into bare unlogged ones. Each
timed run of the ETL loads a warehouse that is empty; afterwards each gets the new views.
"""

from collections.abc import Iterator
from itertools import islice

from benchmarks.bare_tables import copy_rows, keep_staged_rows, make_bare_tables, save_staged_rows
from benchmarks.etl_run import Loaded, load, new_warehouse
from benchmarks.feed import FeedRecord, TopicWriter, product_views
from benchmarks.figures import Series, Target
from benchmarks.jdbc_peer import JdbcPeer
from benchmarks.processes import Usage
from benchmarks.workspace import DATABASE, Bench, Workspace

EVENTS = 1_000_000
ROUNDS = 3
NEW_SHARE = 0.01


def run(bench: Bench, number: int, rounds: int) -> None:
    """Load `number` product views `rounds` times, and the rows by other means."""
    new = max(int(number * NEW_SHARE), 1)
    feed = product_views(number + new)
    bus = Workspace(bench, "etl")
    bus.prepare("source-kafka", "kafka")
    bench.create_topic(bus.topic)
    bench.report.note(f"\nETL: {number:,} product views, then {new:,} new ones, {rounds} rounds")
    documents = _land(bus, islice(feed, number))
    kept = _warehouse(bench, "kept")
    keep_staged_rows(kept)
    load(kept, documents)
    staged = save_staged_rows(kept, bench.directory)
    jdbc = JdbcPeer(kept)
    jdbc.export()
    warehouses = [_warehouse(bench, str(turn)) for turn in range(rounds)]
    full, copied, default, tuned = [], [], [], []
    for warehouse in warehouses:
        full.append(load(warehouse, documents))
        copied.append(copy_rows(kept, staged))
        default.append(jdbc.append(tuned=False))
        tuned.append(jdbc.append(tuned=True))
    landed = _land(bus, feed) - documents
    fresh = [load(warehouse, landed) for warehouse in warehouses]
    _report(bench, number, full, fresh)
    _report_peers(bench, number, full, {"default options": default, "tuned": tuned}, copied)


def _land(bus: Workspace, records: Iterator[FeedRecord]) -> int:
    """Documents in the raw collection afterwards: a few of the feed's records are broken and never land."""
    TopicWriter(bus.bench.local_client(), bus.topic).write(records)
    bus.run("kafka.landing")
    with bus.mongo("operator") as client:
        return int(client[DATABASE][bus.collection].count_documents({}))


def _warehouse(bench: Bench, turn: str) -> Workspace:
    """A new warehouse, with bare tables for the peers beside it."""
    workspace = new_warehouse(bench, "etl", turn)
    make_bare_tables(workspace)
    return workspace


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
