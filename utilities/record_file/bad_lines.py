"""The bad lines of a file: how many, the first of them, and the error that ends the load."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from config.errors import TerminalError
from config.printable import printable
from utilities.record_file.reading import BadLine

SHOWN_LINES = 20


class BadFileError(TerminalError):
    """Lines of a file are bad; `lines` holds the first of them."""

    def __init__(self, file_name: str, bad: "BadLines", remedy: str = "") -> None:
        self.lines = bad.first
        noun = "line is" if bad.number == 1 else "lines are"
        super().__init__(f"{file_name}: {bad.number} {noun} bad, nothing was loaded{remedy}")


@dataclass
class BadLines:
    """How many lines were bad, and the first SHOWN_LINES of them."""

    number: int = 0
    first: list[BadLine] = field(default_factory=list)

    def add(self, line: BadLine) -> None:
        """Count a line, and keep it while there are few."""
        self.number += 1
        if len(self.first) < SHOWN_LINES:
            self.first.append(line)


def print_bad(lines: Iterable[BadLine]) -> None:
    """To stderr, in the order of the file."""
    for line in sorted(lines, key=lambda line: line.line):
        print(printable(line), file=sys.stderr)
