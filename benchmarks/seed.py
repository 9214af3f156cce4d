"""The ETL against the algorithm that this schema is usually filled by: `seed_peer` tells it.

Both read the same raw collection of product views in turn, and the other side begins each round. The ETL's warehouse is
empty each time, which is its most expensive run; the seed's every run is as expensive as its first.
"""

from benchmarks.etl_run import load, new_warehouse
from benchmarks.feed import TopicWriter, product_views
from benchmarks.figures import Series, Target
from benchmarks.rounds import turn
from benchmarks.seed_peer import SeedPeer
from benchmarks.workspace import Bench, Workspace

EVENTS = 200_000
ROUNDS = 3
ETL, ETL_AGAIN, SEED = "ETL, an empty warehouse", "ETL, 1 % new", "the seed's algorithm, any run"
NEW_SHARE = 0.01


def run(bench: Bench, number: int, rounds: int) -> None:
    """Fill a warehouse with `number` product views by each side `rounds` times, then give the ETL's 1 % new ones."""
    new = max(int(number * NEW_SHARE), 1)
    feed = list(product_views(number + new))
    bus = Workspace(bench, "seed")
    bus.prepare("source-kafka", "kafka")
    bench.create_topic(bus.topic)
    TopicWriter(bench.local_client(), bus.topic).write(iter(feed[:number]))
    bus.run("kafka.landing")
    bench.report.note(f"\nseed: {number:,} product views, then {new:,} new ones, {rounds} rounds")
    warehouses = [new_warehouse(bench, "seed", str(round_)) for round_ in range(rounds)]
    process: dict[str, list[float]] = {ETL: [], SEED: [], ETL_AGAIN: []}
    seconds: dict[str, list[float]] = {ETL: [], SEED: [], ETL_AGAIN: []}
    for round_ in range(rounds):
        for side in turn([ETL, SEED], round_):
            if side == ETL:
                loaded = load(warehouses[round_])
                process[ETL].append(loaded.process.seconds)
                seconds[ETL].append(loaded.run_seconds)
            else:
                filled = SeedPeer(warehouses[round_]).fill()
                process[SEED].append(filled.process.seconds)
                seconds[SEED].append(filled.seconds)
                phases = ", ".join(f"{name} {spent:.1f} s" for name, spent in filled.phases.items())
                bench.report.note(f"{SEED}: {filled.documents:,} documents, {filled.views:,} views; {phases}")
    TopicWriter(bench.local_client(), bus.topic).write(iter(feed[number:]))
    bus.run("kafka.landing")
    for warehouse in warehouses:
        loaded = load(warehouse)
        process[ETL_AGAIN].append(loaded.process.seconds)
        seconds[ETL_AGAIN].append(loaded.run_seconds)
    _report(bench, process, seconds)


def _report(bench: Bench, process: dict[str, list[float]], seconds: dict[str, list[float]]) -> None:
    seed = Series(seconds[SEED])
    rows = [
        (side, Series(process[side]).text(1), Series(spent).text(1), f"{seed.per(Series(spent)):.2f} x")
        for side, spent in seconds.items()
    ]
    columns = ("side", "process s", "without start s", "the seed's time to this")
    bench.report.table("ETL against the seed's algorithm: the same landed product views", columns, rows)
    full, again = seed.per(Series(seconds[ETL])), seed.per(Series(seconds[ETL_AGAIN]))
    bench.report.target(Target("seed: its time to the ETL's of an empty warehouse", full, 10.0, at_most=False))
    bench.report.note(f"the seed's time to the ETL's of 1 % new views: {again:.1f} x")
