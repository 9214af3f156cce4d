"""What a silent step shows while it lasts: a line that moves on a terminal, a line every half minute elsewhere.

For steps that cannot say how much is to come; kafka.progress has a bar for those that can. Used before the Python
environment exists: no import here but of the standard library.
"""

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

SECONDS_BETWEEN_LINES = 30.0
SECONDS_BETWEEN_SIGNS = 1.0


class SignsOfLife:
    """Says on standard error how long it takes and what is being done."""

    def __init__(self) -> None:
        self._started = self._last_line = time.monotonic()
        self._on_terminal = sys.stderr.isatty()

    def __enter__(self) -> "SignsOfLife":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._on_terminal:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._started

    def show(self, now: str) -> None:
        """`now` is what is being done; called often, shows itself seldom."""
        if self._on_terminal:
            line = f"{self.seconds:4.0f} s  {now}"
            # The cursor is left at the line's beginning: what is logged meanwhile is written over it.
            sys.stderr.write(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}\r")
            sys.stderr.flush()
        elif time.monotonic() - self._last_line >= SECONDS_BETWEEN_LINES:
            print(f"millrace: {self.seconds:.0f} s, {now}", file=sys.stderr, flush=True)
            self._last_line = time.monotonic()


@contextmanager
def working(doing: str | Callable[[], str]) -> Iterator[None]:
    """Show `doing`, or what it now returns, for as long as the block lasts, whatever the block waits for."""
    done = threading.Event()

    def show() -> None:
        with SignsOfLife() as signs:
            while not done.wait(SECONDS_BETWEEN_SIGNS):
                signs.show(doing if isinstance(doing, str) else doing())

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
