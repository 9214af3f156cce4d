"""The labelled series that ship in packages of PyPI."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anomalies.calendar import DAY, Calendar
from anomalies.quantity import Values

MONDAY = 1_767_571_200
HOURS = Calendar(3600)
STREAMAD = "streamad/util/data/uniDS.csv"
SKTIME = "sktime/datasets/data/yahoo/yahoo.csv"
UCR = "aeon/datasets/data/KDD-TSAD_135/135_UCR_Anomaly_InternalBleeding16_{}.csv"


@dataclass(frozen=True)
class Labelled:
    """A series with its season in points, and the labelled events as ranges of points; judged from `begin` on."""

    name: str
    values: Values
    events: list[range]
    season: int
    calendar: Calendar
    first: int

    @property
    def begin(self) -> int:
        """Seven seasons, before which ours does not judge; nobody's alarms before it are counted."""
        return 7 * self.season


def labelled(packages: Path) -> Iterator[Labelled]:
    """Every series; `packages` is the folder that they are installed in."""
    hours = MONDAY // 3600
    yield _of("streamad uniDS, hourly", _read(packages / STREAMAD, "value", "label"), 24, HOURS, hours)
    yield _of("sktime yahoo, hourly", _read(packages / SKTIME, "data", "label"), 24, HOURS, hours)
    parts = [_read(packages / UCR.format(part), "value", "is_anomaly") for part in ("TRAIN", "TEST")]
    values, labels = (np.concatenate([part[column] for part in parts]) for column in (0, 1))
    season = period(values[: len(parts[0][0])])
    calendar = Calendar(DAY // season)
    yield _of("aeon UCR 135, no calendar", (values, labels), season, calendar, MONDAY // calendar.window_seconds)


def period(values: Values) -> int:
    """The lag of the greatest autocorrelation behind its first dip."""
    away = values - values.mean()
    told = np.correlate(away, away, "full")[len(away) - 1 :]
    dip = int(np.argmax(told < 0))
    return dip + int(np.argmax(told[dip : len(told) // 2]))


def _read(path: Path, value: str, label: str) -> tuple[Values, Values]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row[value]) for row in rows]), np.array([float(row[label]) for row in rows])


def _of(name: str, told: tuple[Values, Values], season: int, calendar: Calendar, first: int) -> Labelled:
    values, labels = told
    places = np.flatnonzero(labels)
    starts = places[np.diff(places, prepend=-9) > 1]
    ends = places[np.diff(places, append=len(labels) + 9) > 1] + 1
    events = [range(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
    return Labelled(name, values, events, season, calendar, first)
