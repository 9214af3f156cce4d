"""What a run did, as a table."""

from collections.abc import Mapping

from rich.table import Table

from config.console import result_console


def print_summary(run_id: int, counts: Mapping[str, int], seconds: Mapping[str, float]) -> None:
    """Print the run's counts (landed = other kinds + loaded + duplicates + rejected) and the seconds of each phase."""
    table = Table(title=f"ETL run {run_id}", title_justify="left")
    table.add_column("events")
    table.add_column("count", justify="right")
    for name, events in counts.items():
        table.add_row(name.replace("_", " "), f"{events:,}")
    table.add_section()
    for phase, duration in seconds.items():
        table.add_row(f"{phase} (s)", f"{duration:.1f}")
    table.add_row("total (s)", f"{sum(seconds.values()):.1f}")
    result_console().print(table)
