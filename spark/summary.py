"""What a run did, as a table."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from config.console import result_console
from spark.broken_rules import BrokenRule


def print_summary(
    run_id: int, counts: Mapping[str, int], rejected: Sequence[BrokenRule], seconds: Mapping[str, float]
) -> None:
    """Print the run's counts (landed = other kinds + loaded + duplicates + rejected) and the seconds of each phase.

    Below, the rules that its rejected events broke. A run that loads again counts what it changes, so that its rejected
    may be fewer than theirs, or below zero.
    """
    table = Table(title=f"ETL run {run_id}", title_justify="left")
    table.add_column("events")
    table.add_column("count", justify="right")
    for name, events in counts.items():
        table.add_row(name.replace("_", " "), f"{events:,}")
    table.add_section()
    for phase, duration in seconds.items():
        table.add_row(f"{phase} (s)", f"{duration:.1f}")
    table.add_row("total (s)", f"{sum(seconds.values()):.1f}")
    console = result_console()
    console.print(table)
    if rejected:
        console.print(_rules_table(rejected, f"rejected by run {run_id}"))
        console.print(f"./millrace rejected --run {run_id} shows examples")


def _rules_table(rejected: Sequence[BrokenRule], title: str) -> Table:
    """One row per rule and field."""
    table = Table("rule", "field", title=title, title_justify="left")
    table.add_column("events", justify="right")
    for broken in rejected:
        table.add_row(broken.rule, broken.field, f"{broken.events:,}")
    return table
