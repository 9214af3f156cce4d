"""Where commands print their tables."""

import sys

from rich.console import Console

PIPED_WIDTH = 240
"""Columns where there is no terminal: rich would take 80 and cut cells that a reader of the file still needs."""


def result_console() -> Console:
    """A console on standard output, as wide as the terminal, or as `PIPED_WIDTH`; numbers in text are not coloured."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
