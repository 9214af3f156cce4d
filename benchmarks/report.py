"""What a run of the benchmarks prints: the machine, a table for each comparison, and every target with its verdict."""

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Target

WIDTH = 132


class Report:
    """Tables are printed as they come; targets are kept for the end."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(width=None if sys.stdout.isatty() else WIDTH)
        self._targets: list[Target] = []

    def machine(self) -> None:
        """Say what the figures were taken on, and how busy it was before."""
        memory = psutil.virtual_memory().total / 2**30
        load = os.getloadavg()[0]
        self.note(
            f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}, "
            f"Python {platform.python_version()}; load before: {load:.1f}"
        )

    def note(self, text: str) -> None:
        """One line of text."""
        self._console.print(text, highlight=False, markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A comparison: one row a side; the first column is text, the others are figures."""
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for number, name in enumerate(columns):
            table.add_column(name, justify="right" if number else "left")
        for row in rows:
            table.add_row(*row)
        self._console.print()
        self._console.print(table)

    def target(self, target: Target) -> None:
        """Keep a target for the summary."""
        self._targets.append(target)

    def summary(self) -> None:
        """Every target with what was measured; a missed one says by how much."""
        rows = [
            (each.promise, f"{each.measured:.2f} {each.unit}", each.bound(), each.verdict()) for each in self._targets
        ]
        if rows:
            self.table("Targets", ("target", "measured", "promised", "verdict"), rows)


def processor() -> str:
    """The processor's name as the kernel has it, else the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
