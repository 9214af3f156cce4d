"""Judges all series up to what is closed, in one transaction with how far that is."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
import psycopg

from anomalies import store
from anomalies.calendar import DAY, Calendar
from anomalies.incident import Incident, Kind, Role
from anomalies.judgement import Stretch, windows_before
from anomalies.parameters import HISTORY_DAYS, QUIET_WINDOWS
from anomalies.quantity import Quantity
from anomalies.series import SeriesJudge
from anomalies.watched import FROM_THE_FEEDS_BEGINNING, Series

logger = logging.getLogger(__name__)

OF_ONE_SERIES = (ArithmeticError, LookupError, TypeError, ValueError, psycopg.DataError, psycopg.IntegrityError)
"""What may be wrong with the values of one series; what is wrong with the warehouse is waited for."""
CHUNK_DAYS = 7
"""What is judged of a series in one transaction: a first start has weeks before it."""


@dataclass
class Watched:
    """One series in memory: its judges, and the rows that the next windows are judged with."""

    series: Series
    calendar: Calendar
    begins: int
    is_as_old: bool
    """Whether it began with its feed; else it begins with its first row, and what was before that is no zero."""
    judges: list[SeriesJudge] = field(init=False)
    rows: Stretch = field(default_factory=lambda: Stretch(0, np.empty(0)))

    def __post_init__(self) -> None:
        least = self.series.least_scale
        self.judges = [SeriesJudge(quantity, role, self.calendar, least) for quantity, role in self.series.roles]

    def read(self, connection: psycopg.Connection, first: int, end: int) -> Stretch:
        """The rows from `first` to below `end`: those in memory, or the warehouse's; from its beginning on."""
        first = max(first, self.begins)
        if first < self.rows.first or end > self.rows.end or not len(self.rows.values):
            if self.rows.first <= first <= self.rows.end and len(self.rows.values):
                more = store.rows_of(connection, self.series, self.rows.end, end, self.calendar)
                self.rows = Stretch(self.rows.first, np.concatenate([self.rows.values, more.values]))
            else:
                self.rows = store.rows_of(connection, self.series, first, max(end, self.rows.end), self.calendar)
        part = self.rows.values[first - self.rows.first : max(end - self.rows.first, 0)]
        if not self.is_as_old:
            known = np.flatnonzero(np.isfinite(part))
            cut = int(known[0]) if len(known) else len(part)
            return Stretch(first + cut, part[cut:])
        return Stretch(first, part)

    def trim(self) -> None:
        """Keep what the next windows need."""
        kept = windows_before(self.calendar) + 1
        if len(self.rows.values) > kept:
            self.rows = Stretch(self.rows.end - kept, self.rows.values[-kept:].copy())


class Desk:
    """All series; what it keeps in memory can be thrown away at any time."""

    def __init__(
        self, zone: ZoneInfo, most_series: int, silence_seconds: int, now: Callable[[], float] = time.time
    ) -> None:
        self._zone = zone
        self._most = most_series
        self._silence = silence_seconds
        self._now = now
        self._seconds: int | None = None
        self.forget()

    def forget(self) -> None:
        """Begin with nothing in memory: the warehouse knows what was done."""
        self._watched: dict[Series, Watched] = {}
        self._newest: dict[Series, int] = {}
        self._feeds_begin: dict[str, int] = {}
        self._horizons: dict[tuple[str, str], int] = {}
        self._said = ""
        self._left_out: set[Series] = set()

    def judge(self, connection: psycopg.Connection) -> tuple[list[int], bool]:
        """Judge what is closed, in the caller's transaction; the new incidents, and whether more is closed."""
        seconds = store.window_seconds(connection)
        if seconds is None:
            return [], False
        if seconds != self._seconds:
            # Another stream counts everything anew, by windows of another length.
            self.forget()
            self._seconds = seconds
        self._look(connection, seconds)
        judged = store.positions(connection)
        new: list[int] = []
        reached: dict[tuple[str, str], int] = {}
        is_more = False
        for names, members in self._by_metric().items():
            calendar = self._watched[members[0]].calendar
            length = calendar.window_seconds
            begin = judged.get(names, self._feeds_begin[names[0]]) // length
            horizon = max(self._newest[each] for each in members) // length + 1
            end = min(horizon, begin + calendar.windows(24 * CHUNK_DAYS))
            is_more |= end < horizon
            if end > begin:
                for watched in (self._watched[each] for each in members):
                    new += self._alone(connection, watched, partial(self._judged, connection, watched, begin, end))
                reached[names] = end * length
            # While a backlog is counted windows close in every round: what is behind them is not silent.
            stands = self._horizons.get(names, horizon) == horizon
            self._horizons[names] = horizon
            if end == horizon and stands:
                new += self._silence_of(connection, members, horizon)
        store.set_positions(connection, reached)
        return new, is_more

    def _look(self, connection: psycopg.Connection, seconds: int) -> None:
        """Which series there are, and how far each is closed; what people said makes the baselines anew."""
        newest = store.newest_windows(connection, self._since())
        if not {series.feed for series in newest} <= self._feeds_begin.keys():
            self._feeds_begin |= store.first_windows(connection, seconds)
        if new := newest.keys() - self._watched.keys() - self._left_out:
            self._take_up(connection, {series: newest[series] for series in new}, seconds)
        for series in newest.keys() & self._watched.keys():
            self._newest[series] = max(self._newest.get(series, 0), newest[series])
        said = store.last_said(connection)
        if said != self._said:
            for watched in self._watched.values():
                for judge in watched.judges:
                    judge.forget()
        self._said = said

    def _take_up(self, connection: psycopg.Connection, new: Mapping[Series, int], seconds: int) -> None:
        """Watch what there is room for, first what has an incident: nobody else would end it."""
        told = store.with_open_incident(connection)
        for series in sorted(new, key=lambda each: (each not in told, bool(each.dimension), -new[each], each)):
            if len(self._watched) < self._most:
                self._watched[series] = self._anew(series, seconds)
            else:
                self._leave_out(series)

    def _since(self) -> dict[str, int]:
        """By feed, a day before its newest window."""
        found: dict[str, int] = {}
        for series, epoch in self._newest.items():
            found[series.feed] = max(found.get(series.feed, 0), epoch - DAY)
        return found

    def _anew(self, series: Series, seconds: int) -> Watched:
        calendar = Calendar(series.window_seconds(seconds), self._zone)
        begins = self._feeds_begin[series.feed] // calendar.window_seconds
        return Watched(series, calendar, begins, series.dimension in FROM_THE_FEEDS_BEGINNING)

    def _leave_out(self, series: Series) -> None:
        self._left_out.add(series)
        logger.warning("a series is not judged: ANOMALY_SERIES are already series=%s", series.title)

    def _by_metric(self) -> dict[tuple[str, str], list[Series]]:
        found: dict[tuple[str, str], list[Series]] = {}
        for series in self._watched:
            found.setdefault((series.feed, series.metric), []).append(series)
        return found

    def _alone(self, connection: psycopg.Connection, watched: Watched, work: Callable[[], list[int]]) -> list[int]:
        """A series that cannot be judged is said, and stops no other: how far is judged goes on."""
        try:
            with connection.transaction():
                return work()
        except OF_ONE_SERIES as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            logger.error("windows of a series were not judged series=%s reason=%s", watched.series.title, reason)
            self._watched[watched.series] = Watched(watched.series, watched.calendar, watched.begins, watched.is_as_old)
            return []

    def _judged(self, connection: psycopg.Connection, watched: Watched, begin: int, end: int) -> list[int]:
        new: list[int] = []
        for judge in watched.judges:
            before, after = self._told(connection, watched, judge, begin, end)
            changed = [each for each in after if each not in before]
            new += store.keep(connection, watched.series, changed, watched.calendar)
        watched.trim()
        return new

    def _told(
        self, connection: psycopg.Connection, watched: Watched, judge: SeriesJudge, begin: int, end: int
    ) -> tuple[list[Incident], list[Incident]]:
        """The incidents before and after the windows from `begin` to below `end`."""
        calendar = watched.calendar
        since = begin - calendar.windows(24 * HISTORY_DAYS + 24)
        is_rate = judge.quantity is Quantity.RATE
        before = store.incidents_of(connection, watched.series, is_rate, since, calendar)
        # By the clock a silence is told of before its windows are closed: they tell now what they were.
        known = [
            replace(each, last=max(each.first, begin - 1)) if each.first < end and each.last >= begin else each
            for each in before
        ]
        after = judge.judged(lambda first, until: watched.read(connection, first, until), begin, end, known)
        return before, after

    def _silence_of(self, connection: psycopg.Connection, members: list[Series], horizon: int) -> list[int]:
        """The incident of a feed of which no window closes any more; how far is judged stays, for they may come yet."""
        new: list[int] = []
        for watched in (self._watched[each] for each in members):
            (judge, *_) = watched.judges
            calendar = watched.calendar
            # Longer, it would be a new level and over: a silence is told of however late the judge looks.
            most = horizon + calendar.longest - QUIET_WINDOWS
            end = min(int(self._now() - self._silence) // calendar.window_seconds, most)
            if judge.role is not Role.MAIN or end <= horizon:
                continue
            new += self._alone(connection, watched, partial(self._silent, connection, watched, horizon, end))
        return new

    def _silent(self, connection: psycopg.Connection, watched: Watched, horizon: int, end: int) -> list[int]:
        kept = watched.rows
        before, after = self._told(connection, watched, watched.judges[0], horizon, end)
        watched.rows = kept
        silent = [each for each in after if each not in before and each.kind is Kind.SILENCE and each.goes_on]
        return store.keep(connection, watched.series, silent, watched.calendar)
