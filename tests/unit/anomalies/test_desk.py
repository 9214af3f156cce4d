"""Which series are judged, and by windows of which length, whenever the judge was started."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from anomalies.calendar import DAY, Calendar
from anomalies.desk import Desk
from anomalies.incident import Incident, Kind
from anomalies.judgement import Stretch
from anomalies.watched import Series

BEGIN = 1_767_571_200
"""Monday, 5 January 2026, 0:00 UTC."""
CLICKS = Series("click-events", "clicks")


class Connection:
    """Of the memory below."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield


class Memory:
    """In the place of anomalies.store: rows by series and second, and what was found."""

    def __init__(self, seconds: int, rows: dict[Series, dict[int, float]], told: Iterable[Series] = ()) -> None:
        self.seconds, self.rows, self.told = seconds, rows, set(told)
        self.judged: dict[tuple[str, str], int] = {}
        self.asked: set[Series] = set()
        self.found: list[Kind] = []

    def window_seconds(self, _: Any) -> int:
        return self.seconds

    def newest_windows(self, _: Any, since: Mapping[str, int]) -> dict[Series, int]:
        return {series: max(rows) for series, rows in self.rows.items()}

    def first_windows(self, _: Any, seconds: int) -> dict[str, int]:
        return {series.feed: min(rows) for series, rows in self.rows.items()}

    def positions(self, _: Any) -> dict[tuple[str, str], int]:
        return self.judged

    def set_positions(self, _: Any, reached: Mapping[tuple[str, str], int]) -> None:
        self.judged |= reached

    def rows_of(self, _: Any, series: Series, first: int, end: int, calendar: Calendar) -> Stretch:
        self.asked.add(series)
        known, length = self.rows[series], calendar.window_seconds
        return Stretch(first, np.array([known.get(window * length, np.nan) for window in range(first, end)]))

    def incidents_of(self, *_: Any) -> list[Incident]:
        return []

    def keep(self, _: Any, series: Series, incidents: Iterable[Incident], calendar: Calendar) -> list[int]:
        self.found += [each.kind for each in incidents]
        return []

    def last_said(self, _: Any) -> str:
        return ""

    def with_open_incident(self, _: Any) -> set[Series]:
        return self.told


def judge(monkeypatch: pytest.MonkeyPatch, desk: Desk, memory: Memory) -> None:
    monkeypatch.setattr("anomalies.desk.store", memory)
    while desk.judge(Connection())[1]:  # type: ignore[arg-type]
        pass


def usual(begin: int, end: int, seconds: int) -> dict[int, float]:
    """A day's curve, without noise, of windows of that length."""
    return {at: seconds / 60 * (50 + 20 * float(np.sin(2 * np.pi * at / DAY))) for at in range(begin, end, seconds)}


def test_windows_of_another_length_are_judged_by_it_also_by_whoever_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    # Within a quarter of a day, for which a baseline holds.
    now = BEGIN + 8 * DAY + 3 * 3600
    desk = Desk(ZoneInfo("UTC"), 500, 300, lambda: now)
    memory = Memory(900, {CLICKS: usual(BEGIN, now, 900)})
    judge(monkeypatch, desk, memory)
    memory.seconds, memory.rows = 3600, {CLICKS: usual(BEGIN, now, 3600)}
    for _ in range(2):
        now += 3600
        memory.rows = {CLICKS: usual(BEGIN, now, 3600)}
        judge(monkeypatch, desk, memory)
    assert memory.found == []
    # Of an hour nine of ten clicks are missing.
    memory.rows[CLICKS][now] = memory.rows[CLICKS][now - DAY] / 10
    now += 3600
    judge(monkeypatch, desk, memory)
    assert memory.found == [Kind.DROP]


def test_of_too_many_series_those_with_an_open_incident_are_judged_and_then_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = BEGIN + DAY
    names = [Series("sensor-readings", "temperature_mean", "device", f"m{number}") for number in range(6)]
    rows = {series: usual(BEGIN, end - (3600 if place < 3 else 0), 3600) for place, series in enumerate(names)}
    memory = Memory(3600, {CLICKS: usual(BEGIN, end, 3600), **rows}, told=names[:1])
    judge(monkeypatch, Desk(ZoneInfo("UTC"), 4, 300, lambda: end), memory)
    assert memory.asked == {CLICKS, names[0], names[3], names[4]}
