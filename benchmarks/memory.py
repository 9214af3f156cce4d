"""Peak memory of every stage at the full number of events against a tenth of it: it must not grow with the data."""

from benchmarks.feed import TopicWriter, events
from benchmarks.figures import Series, Target
from benchmarks.workspace import Bench, Workspace

EVENTS = 1_000_000
ROUNDS = 1
STAGES = ("kafka.mirror", "kafka.landing", "kafka.indexer", "etl")
SMALLER_BY = 10


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
