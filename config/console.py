"""Where commands print their tables."""

import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from config.printable import printable

PIPED_WIDTH = 240
"""Columns where there is no terminal: rich would take 80 and cut cells that a reader of the file still needs."""


class ResultConsole(Console):
    """Prints every string, in a table too, as it is: no markup, and nothing that steers the terminal.

    What is to have a style is a `Text`; one made of others' text is made of `printable` text.
    """

    def render_str(self, text: str, **options: Any) -> Text:
        """As `Console.render_str`, of printable text."""
        return super().render_str(printable(text), **options)


def result_console() -> Console:
    """A console on standard output, as wide as the terminal, or as `PIPED_WIDTH`; numbers in text are not coloured."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return ResultConsole(width=width, highlight=False, markup=False, emoji=False)
