"""How far a running command is: a bar on a terminal, otherwise one log line every few seconds."""

import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:  # rich costs a tenth of a second to import and is not needed without a terminal
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 5.0
_bars_allowed = True


def one_line_each() -> None:
    """From now on lines, also on a terminal: it has room for the bar of one report only."""
    global _bars_allowed
    _bars_allowed = False


class ProgressReport:
    """Shows records done, rate and lag (records still to come); `total` is None when the run has no end."""

    def __init__(self, doing: str, total: int | None) -> None:
        self._logger = logging.getLogger(f"millrace.{doing}")
        self._doing = doing
        self._total = total
        self._started = self._last_line = time.monotonic()
        self._last_done = 0
        self._expected = False
        self._bar = _progress_bar() if _bars_allowed and sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._task = self._bar.add_task(self._doing, total=self._total, lag="?")
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the report began; never zero."""
        return max(time.monotonic() - self._started, 1e-3)

    def expect(self, total: int, done: int) -> None:
        """From now on the bar shows `done` of `total` in a measure of their own, such as offsets, not in records."""
        self._expected = True
        if self._bar is not None:
            self._bar.update(self._task, total=total, completed=done)

    def update(self, done: int, lag: int) -> None:
        """`done` records so far; called often, shows itself seldom."""
        if self._bar is not None:
            if not self._expected:
                self._bar.update(self._task, completed=done)
            self._bar.update(self._task, lag=f"{lag:,}")
            return
        now = time.monotonic()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            rate = (done - self._last_done) / (now - self._last_line)
            self._logger.info("%s records=%d rate=%.0f/s lag=%d", self._doing, done, rate, lag)
            self._last_line, self._last_done = now, done


def _progress_bar() -> "Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            # rich knows no speed before the second update.
            return Text("?/s" if task.speed is None else f"{task.speed:,.0f}/s")

    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TextColumn("lag {task.fields[lag]}"),
        TimeElapsedColumn(),
    ]
    return Progress(*columns, console=Console(stderr=True), refresh_per_second=4)
