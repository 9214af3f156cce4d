"""The ETL against dlt, which loads the same documents, and against DuckDB, which computes the same star.

All read the same raw collection of events of every kind, in turn, and another side begins each round. The ETL's
warehouse is empty each time. dlt only loads: no check, no enrichment, no dimension, no removal of duplicates. DuckDB
does what the star needs; sessions, orders, sketches, the ledger and every index are the ETL's alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.dlt_peer import SETTINGS, DltPeer
from benchmarks.duckdb_peer import DuckDbPeer, Star
from benchmarks.etl_run import Loaded, load, new_warehouse
from benchmarks.feed import TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.processes import Usage
from benchmarks.report import Report
from benchmarks.rounds import turn
from benchmarks.workspace import DATABASE, Bench, Workspace
from config.errors import TerminalError

EVENTS = 300_000
ROUNDS = 3
ETL, DUCKDB = "ETL", "DuckDB, the same star"
VIEW_COUNT = "SELECT coalesce(sum(view_count), 0)::bigint, count(*) FROM fact_product_views"


@dataclass
class Passes:
    """What the passes of one side cost; `seconds` are those without the start of the process."""

    processes: list[Usage] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    phases: list[dict[str, float]] = field(default_factory=list)

    def add(self, process: Usage, seconds: float, phases: dict[str, float] | None = None) -> None:
        """One pass."""
        self.processes.append(process)
        self.seconds.append(seconds)
        self.phases.append(phases or {})


@dataclass(frozen=True)
class Expected:
    """What every side must have counted: landed documents, product views among them, and what the star made of them."""

    documents: int
    views_landed: int
    events: int
    views: int
    daily_rows: int


def run(bench: Bench, number: int, rounds: int) -> None:
    """Load `number` events by each side `rounds` times."""
    bus = Workspace(bench, "peers")
    bus.prepare("source-kafka", "kafka")
    bench.create_topic(bus.topic)
    TopicWriter(bench.local_client(), bus.topic).write(events(number))
    bus.run("kafka.landing")
    documents = _documents(bus)
    bench.report.note(f"\npeers: {documents:,} landed events of every kind, {rounds} rounds")
    warehouses = [new_warehouse(bench, "peers", str(round_)) for round_ in range(rounds + 1)]
    # One run that is not timed says what the others must count, and its database is the one that dlt loads into.
    expected = _expected(warehouses[rounds], load(warehouses[rounds], documents))
    sides = _sides(warehouses, expected)
    passes = {name: Passes() for name in sides}
    for number_of_round in range(rounds):
        for name in turn(list(sides), number_of_round):
            passes[name].add(*sides[name](number_of_round))
    bench.report.note(
        f"every pass counted alike: {expected.documents:,} documents, {expected.events:,} events, {expected.views:,} "
        f"product views in {expected.daily_rows:,} daily rows"
    )
    _report(bench.report, documents, passes)
    _targets(bench.report, passes)


Pass = tuple[Usage, float, dict[str, float]]


def _sides(warehouses: list[Workspace], expected: Expected) -> dict[str, Callable[[int], Pass]]:
    """By name, the function that does one pass of a round and checks what it counted."""
    dlt, duckdb = DltPeer(warehouses[-1]), DuckDbPeer(warehouses[-1])

    def etl(round_: int) -> Pass:
        loaded = load(warehouses[round_], expected.documents)
        _agree(ETL, expected, _expected(warehouses[round_], loaded))
        return loaded.process, loaded.run_seconds, loaded.phases

    def star(round_: int) -> Pass:
        made = duckdb.make()
        _agree(DUCKDB, expected, _of_star(expected, made))
        return made.process, made.seconds, made.phases

    def dlt_side(way: str) -> Callable[[int], Pass]:
        def loaded(round_: int) -> Pass:
            process, seconds, documents, views = dlt.load(way)
            if (documents, views) != (expected.documents, expected.views_landed):
                raise TerminalError(f"dlt, {way}, loaded {documents} documents, {views} of them product views")
            return process, seconds, {}

        return loaded

    return {ETL: etl, **{f"dlt, {way}": dlt_side(way) for way in SETTINGS}, DUCKDB: star}


def _documents(bus: Workspace) -> int:
    with bus.mongo("operator") as client:
        return int(client[DATABASE][bus.collection].count_documents({}))


def _expected(warehouse: Workspace, loaded: Loaded) -> Expected:
    with warehouse.warehouse() as connection:
        views, rows = connection.execute(VIEW_COUNT).fetchone() or (0, 0)
    return Expected(loaded.landed, loaded.views, loaded.loaded, views, rows)


def _of_star(expected: Expected, made: Star) -> Expected:
    return Expected(made.documents, expected.views_landed, made.events, made.views, made.daily_rows)


def _agree(side: str, expected: Expected, counted: Expected) -> None:
    if counted != expected:
        raise TerminalError(f"{side} counted {counted} where the first run had {expected}")


def _report(report: Report, documents: int, passes: dict[str, Passes]) -> None:
    etl = passes[ETL]
    rows = []
    for name, side in passes.items():
        seconds, whole = Series(side.seconds), Series([usage.seconds for usage in side.processes])
        rows.append(
            (
                name,
                whole.text(1),
                seconds.text(1),
                f"{documents / seconds.median:,.0f}",
                Series([usage.cpu_seconds for usage in side.processes]).text(1),
                f"{max(usage.peak_bytes for usage in side.processes) / 2**20:,.0f}",
                f"{whole.per(Series([usage.seconds for usage in etl.processes])):.2f} x",
                f"{seconds.per(Series(etl.seconds)):.2f} x",
            )
        )
    columns = ("side", "process s", "without start s", "events/s", "CPU s", "peak MiB", "process to ETL's", "to ETL's")
    report.table("ETL against dlt and DuckDB: the same landed documents", columns, rows)
    for name in (ETL, DUCKDB):
        phases = passes[name].phases
        medians = {phase: Series([each.get(phase, 0.0) for each in phases]).median for phase in phases[0]}
        report.note(f"{name}: " + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in medians.items()))


def _targets(report: Report, passes: dict[str, Passes]) -> None:
    etl = Series(passes[ETL].seconds)
    for way in SETTINGS:
        ratio = Series(passes[f"dlt, {way}"].seconds).per(etl)
        report.target(Target(f"peers: time of dlt, {way}, to the ETL's", ratio, 5.0, at_most=False))
    ratio = etl.per(Series(passes[DUCKDB].seconds))
    report.note(
        f"DuckDB is {ratio:.1f} x as fast as the ETL"
        if ratio > 1
        else f"the ETL is {1 / ratio:.1f} x as fast as DuckDB"
    )
