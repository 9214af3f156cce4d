"""What is usual of a series, made of windows before those that it judges."""

from dataclasses import dataclass

import numpy as np

from anomalies.calendar import Calendar, Real, Whole
from anomalies.evidence import Levels, at_level, distances
from anomalies.parameters import (
    DAYS_TO_JUDGE,
    FAR,
    LONG_SUM,
    MAD_OF_NORMAL,
    RELATIVE_FLOOR,
    SUMS,
    TAIL,
    TAIL_OF_NORMAL,
)
from anomalies.profile import expected, usual_week
from anomalies.quantity import Flags, Quantity, Values

ALL_SUMS = (*SUMS, LONG_SUM)
_FEWEST_OF_AN_HOUR = 100
"""Windows that tell the scale of an hour of the day; with fewer the whole day's is taken."""
_LEAST_FLOOR = 1e-9
"""So that nothing is divided by zero; what is watched has floors of its own (`anomalies/watched.py`)."""
_SEEN_SHARE = 0.5
"""Of the days' windows: a series that is seen less often is not judged."""


@dataclass(frozen=True)
class Scale:
    """The size of usual noise of one sum: by hour of the day, and how much wider than a normal one each tail is."""

    by_hour: Real
    below: float
    above: float

    def of(self, hours: Whole, is_above: Flags) -> Values:
        """The standard deviation that distances are told in."""
        return np.asarray(self.by_hour[hours] * np.where(is_above, self.above, self.below))


@dataclass(frozen=True)
class Baseline:
    """The usual week of a series and the scales of its noise; about 6 kB."""

    quantity: Quantity
    calendar: Calendar
    week: Real
    scales: dict[int, Scale]

    def expected(self, windows: Whole) -> Values:
        """Of each window, at the usual level."""
        return expected(self.week, windows, self.calendar)


def fit(
    first: int,
    values: Values,
    usable: Flags,
    steady: Flags,
    quantity: Quantity,
    calendar: Calendar,
    least_scale: float = 0.0,
) -> Baseline | None:
    """The baseline of the windows from `first`, of which `usable` may tell, and `steady` the level.

    What is far beyond usual and steady is left out of the scales too: nobody has marked what was odd in the first week.
    What people dismissed is not steady, and stays.
    None where it cannot be judged yet.

    No scale is below `least_scale`, on the even scale: of a series that was always zero nothing else tells one.

    `values` are dense and as `Quantity.taken` gives them. It cannot be judged before DAYS_TO_JUDGE days are there, nor
    where half of the windows are missing or none is usable.
    """
    windows = np.arange(first, first + len(values))
    seen = usable & np.isfinite(values)
    if len(values) < calendar.windows(24 * DAYS_TO_JUDGE) or seen.sum() < _SEEN_SHARE * len(values):
        return None
    week = usual_week(windows, values, usable, quantity, calendar)
    if not np.isfinite(week).all():
        return None
    usual = expected(week, windows, calendar)
    floor, hours = max(_floor(values[seen], quantity), least_scale), calendar.hours(windows)
    near = _near(hours)
    for _ in range(2):
        due = at_level(usual, Levels.of(values, usual, steady, quantity).values, quantity)
        kept = np.where(seen, values, np.nan)
        away = {number: distances(kept, due, number, quantity) for number in ALL_SUMS}
        odd = _far_beyond(away, hours, near, floor) & steady
        if not odd.any():
            break
        seen, steady = seen & ~odd, steady & ~odd
    scales = {number: _scale(each, hours, near, floor) for number, each in away.items()}
    return Baseline(quantity, calendar, week, scales)


def _near(hours: Whole) -> list[Whole]:
    """By hour of the day the places of its windows and of its neighbours'."""
    places = [np.flatnonzero(hours == hour) for hour in range(24)]
    return [np.concatenate([places[hour - 1], places[hour], places[(hour + 1) % 24]]) for hour in range(24)]


def _far_beyond(away: dict[int, Values], hours: Whole, near: list[Whole], floor: float) -> Flags:
    """The windows of sums that are FAR deviations away, which an hour's outage is and noise with heavy tails is not."""
    odd = np.zeros(len(hours), dtype=np.bool_)
    for number in ALL_SUMS[1:]:
        beyond = np.nan_to_num(np.abs(away[number]) / _deviations(away[number], near, floor)[hours]) > FAR
        for shift in range(number):
            odd[: len(odd) - shift] |= beyond[shift:]
    return odd


def _floor(seen: Values, quantity: Quantity) -> float:
    """Poisson's noise is 1 on the counts' scale; else a share of the size of the values, on the even scale."""
    if quantity is Quantity.COUNT:
        return 1.0
    size = float(np.median(np.abs(quantity.even(seen))))
    size = size or float(np.mean(np.abs(quantity.even(seen))))
    return max(RELATIVE_FLOOR * size, _LEAST_FLOOR)


def _scale(away: Values, hours: Whole, near: list[Whole], floor: float) -> Scale:
    by_hour, known = _deviations(away, near, floor), np.isfinite(away)
    told = away[known] / by_hour[hours[known]]
    below, above = (_tail(side) for side in (-told, told))
    return Scale(by_hour, below, above)


def _deviations(away: Values, near: list[Whole], floor: float) -> Real:
    """By hour of the day, of it and its neighbours."""
    by_hour = np.full(24, max(_deviation(away[np.isfinite(away)]), floor))
    for hour, places in enumerate(near):
        told = away[places]
        told = told[np.isfinite(told)]
        if len(told) >= _FEWEST_OF_AN_HOUR:
            by_hour[hour] = max(_deviation(told), floor)
    return by_hour


def _deviation(away: Values) -> float:
    return float(MAD_OF_NORMAL * np.median(np.abs(away))) if len(away) else 0.0


def _tail(told: Values) -> float:
    return max(float(np.quantile(told, TAIL)) / TAIL_OF_NORMAL, 1.0) if len(told) else 1.0
