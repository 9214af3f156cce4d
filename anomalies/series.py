"""One series through time: a baseline for each quarter of a day, and the windows of that quarter judged by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from anomalies.baseline import Baseline, fit
from anomalies.calendar import Calendar
from anomalies.incident import Incident, Role, State
from anomalies.judgement import Stretch, judge, outside, windows_before
from anomalies.parameters import FIT_HOURS, HISTORY_DAYS
from anomalies.quantity import Quantity

Read = Callable[[int, int], Stretch]
"""Dense rows of the series from a window to below another, NaN where there is none; fewer where it began later."""


@dataclass
class SeriesJudge:
    """Keeps the baseline of the quarter that it is in, and nothing else: what it finds depends on what it is given."""

    quantity: Quantity
    role: Role
    calendar: Calendar
    least_scale: float = 0.0
    _fitted: tuple[int, Baseline | None] | None = field(default=None, init=False)

    def judged(self, read: Read, begin: int, end: int, incidents: Sequence[Incident]) -> list[Incident]:
        """The incidents after the windows `begin` to below `end`; no baseline, no judgement."""
        found, at = list(incidents), begin
        while at < end:
            quarter = at - at % self.calendar.windows(FIT_HOURS)
            until = min(quarter + self.calendar.windows(FIT_HOURS), end)
            baseline = self.baseline(quarter, read, found)
            if baseline is not None:
                stretch = self._taken(read(at - windows_before(self.calendar), until))
                found = judge(baseline, stretch, max(at, stretch.first), found, self.role)
            at = until
        return found

    def forget(self) -> None:
        """Make the baseline anew: what people said of an incident has changed."""
        self._fitted = None

    def baseline(self, quarter: int, read: Read, incidents: Sequence[Incident]) -> Baseline | None:
        """What judges the windows of a quarter of a day."""
        if self._fitted is None or self._fitted[0] != quarter:
            history = self._taken(read(quarter - self.calendar.windows(24 * HISTORY_DAYS), quarter))
            place = history.first, len(history.values)
            steady = outside(*place, incidents, self.calendar)
            usable = outside(
                *place, (each for each in incidents if each.goes_on or each.state is not State.DISMISSED), self.calendar
            )
            what = self.quantity, self.calendar, self.least_scale
            fitted = fit(history.first, history.values, usable, steady, *what)
            self._fitted = quarter, fitted
        return self._fitted[1]

    def _taken(self, rows: Stretch) -> Stretch:
        return Stretch(rows.first, self.quantity.taken(rows.values))


def in_memory(whole: Stretch) -> Read:
    """Reads from a stretch that holds everything."""

    def read(first: int, end: int) -> Stretch:
        begin = min(max(first, whole.first), whole.end)
        return Stretch(begin, np.asarray(whole.values[begin - whole.first : max(end - whole.first, 0)]))

    return read
