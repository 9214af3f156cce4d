"""A warehouse that grows day by day: does a run still cost what its own day costs?

Thirty days of events arrive one after the other. Each is landed and loaded by a run of its own, as in operation, which
ends with the refresh of the marts; every few days that is done once more, to tell one mart from another. At the end an
analyst's queries are asked again and again.
"""

from dataclasses import dataclass, field
from datetime import date

from benchmarks.daily_feed import daily_events, days_of
from benchmarks.etl_run import Loaded, load
from benchmarks.feed import TopicWriter
from benchmarks.figures import Series, Target
from benchmarks.growth import DayCost, compared_days, last_to_first, seconds_per_event, slope
from benchmarks.report import Report
from benchmarks.warehouse_queries import Answered, ask, percentile
from benchmarks.workspace import DATABASE, Bench, Workspace
from config.errors import TerminalError

EVENTS = 5_000_000
ROUNDS = 20  # runs of each query
REFRESH_EVERY_DAYS = 5
FLAT = 1.2
REFRESH = "SELECT mart, rows, seconds::float FROM etl.refresh_marts(even_if_fresh => true)"
TOTALS = """
SELECT (SELECT coalesce(sum(landed), 0)::bigint FROM etl.run), (SELECT count(*) FROM fact_product_view_event),
       (SELECT coalesce(sum(view_count), 0)::bigint FROM fact_product_views), pg_database_size(current_database())
"""


@dataclass(frozen=True)
class Refresh:
    """The marts computed anew: what was loaded before, and rows and seconds by mart."""

    history: int
    marts: dict[str, tuple[int, float]]

    @property
    def seconds(self) -> float:
        """Of all marts, one after the other."""
        return sum(seconds for _, seconds in self.marts.values())


@dataclass
class Growth:
    """What the days cost, in their order."""

    days: list[tuple[date, Loaded]] = field(default_factory=list)
    refreshes: list[Refresh] = field(default_factory=list)

    @property
    def history(self) -> int:
        """Facts loaded so far."""
        return sum(loaded.loaded for _, loaded in self.days)

    def costs(self) -> list[DayCost]:
        """By day, the run as the ledger has it."""
        return [DayCost(loaded.loaded, loaded.run_seconds) for _, loaded in self.days]

    def costs_with_marts(self) -> list[DayCost]:
        """By day, the run and the refresh of the marts after it, which looks at all of history."""
        return [DayCost(loaded.loaded, loaded.run_seconds + loaded.marts_seconds) for _, loaded in self.days]

    def peaks(self) -> list[float]:
        """Peak memory in MiB by day."""
        return [loaded.process.peak_bytes / 2**20 for _, loaded in self.days]


def run(bench: Bench, number: int, rounds: int) -> None:
    """Load `number` events of 30 days day by day, then ask each query `rounds` times."""
    workspace = Workspace(bench, "scale")
    workspace.prepare("source-kafka", "kafka", "postgres")
    bench.create_topic(workspace.topic)
    bench.report.note(f"\nscale: {number:,} events of {days_of(number)} days, a run for each day")
    growth = _grow(workspace, number)
    size = _check(workspace)
    bench.report.note(f"loaded: {growth.history:,} events, {size / 2**30:.1f} GiB in PostgreSQL")
    _report_days(bench.report, growth)
    _report_refreshes(bench.report, growth.refreshes)
    _report_queries(bench.report, ask(workspace, rounds))
    _targets(bench.report, growth)


def _grow(workspace: Workspace, number: int) -> Growth:
    report, growth, days = workspace.bench.report, Growth(), days_of(number)
    writer = TopicWriter(workspace.bench.local_client(), workspace.topic)
    for day, records in daily_events(number):
        writer.write(records)
        workspace.run("kafka.landing")
        history, loaded = growth.history, load(workspace)
        growth.days.append((day, loaded))
        report.note(_line(day, history, loaded))
        if len(growth.days) % REFRESH_EVERY_DAYS == 0 or len(growth.days) == days:
            growth.refreshes.append(_refresh(workspace, growth.history))
    return growth


def _line(day: date, history: int, loaded: Loaded) -> str:
    process = loaded.process
    return (
        f"{day} after {history:>9,}: {loaded.loaded:>7,} events, {loaded.views:>6,} views, "
        f"run {loaded.run_seconds:5.1f} s, {loaded.loaded / loaded.run_seconds:>6,.0f}/s, "
        f"marts {loaded.marts_seconds:4.1f} s, process {process.seconds:5.1f} s, {process.peak_bytes / 2**20:,.0f} MiB"
    )


def _refresh(workspace: Workspace, history: int) -> Refresh:
    with workspace.warehouse() as connection:
        rows = connection.execute(REFRESH).fetchall()
    return Refresh(history, {name: (count, seconds) for name, count, seconds in rows})


def _check(workspace: Workspace) -> int:
    """Bytes of the warehouse; raises TerminalError where it has not counted every landed event and view once."""
    with workspace.mongo("operator") as client:
        documents = client[DATABASE][workspace.collection].estimated_document_count()
    with workspace.warehouse() as connection:
        landed, facts, views, size = connection.execute(TOTALS).fetchone() or (0, 0, 0, 0)
    if landed != documents or facts != views:
        raise TerminalError(f"{documents} documents, {landed} of them read; {facts} views, {views} in the daily fact")
    return int(size)


def _report_days(report: Report, growth: Growth) -> None:
    number = compared_days(growth.days)
    rows = []
    for name, some in (("first", slice(number)), ("last", slice(-number, None)), ("all", slice(None))):
        days, peaks = growth.days[some], Series(growth.peaks()[some])
        cost = seconds_per_event(growth.costs()[some])
        rows.append(
            (
                f"{name} {len(days)} days",
                Series([loaded.loaded for _, loaded in days]).text(0),
                Series([loaded.run_seconds for _, loaded in days]).text(1),
                f"{1 / cost:,.0f}",
                f"{cost * 1e6:.1f}",
                Series([loaded.marts_seconds for _, loaded in days]).text(1),
                Series([loaded.process.seconds for _, loaded in days]).text(1),
                peaks.text(0),
            )
        )
    columns = ("days", "events a day", "run s", "events/s", "us/event", "marts s", "process s", "peak MiB")
    report.table("Scale: runs of a day as history grows", columns, rows)
    each_million = slope(growth.costs()) * 1e6 * 1e6
    report.note(f"each million events of history adds {each_million:+.2f} us to an event (least squares over all days)")


def _report_refreshes(report: Report, refreshes: list[Refresh]) -> None:
    last = refreshes[-1].marts
    rows = [
        (name, f"{last[name][0]:,}", *(f"{refresh.marts[name][1]:.1f}" for refresh in refreshes))
        for name in sorted(last)
    ]
    rows.append(("all", "", *(f"{refresh.seconds:.1f}" for refresh in refreshes)))
    columns = ("mart", "rows", *(f"s at {refresh.history:,}" for refresh in refreshes))
    report.table("Scale: refresh of the marts, by events loaded", columns, rows)


def _report_queries(report: Report, answers: list[Answered]) -> None:
    rows = [
        (
            answer.name,
            f"{answer.rows:,}",
            f"{percentile(answer.milliseconds, 0.5):,.1f}",
            f"{percentile(answer.milliseconds, 0.95):,.1f}",
            f"{max(answer.milliseconds):,.1f}",
            str(len(answer.milliseconds)),
        )
        for answer in answers
    ]
    columns = ("query", "rows", "p50 ms", "p95 ms", "most ms", "runs")
    report.table("Scale: an analyst's queries over everything loaded", columns, rows)


def _targets(report: Report, growth: Growth) -> None:
    peaks, number = growth.peaks(), compared_days(growth.days)
    ratios = {
        "seconds an event": last_to_first(growth.costs()),
        "the same with the marts' refresh": last_to_first(growth.costs_with_marts()),
        "peak memory": Series(peaks[-number:]).per(Series(peaks[:number])),
    }
    for what, ratio in ratios.items():
        promise = f"scale: {what}, last {number} days vs first {number}"
        report.target(Target(promise, ratio, FLAT, at_most=True))
