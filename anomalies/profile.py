"""The usual week of a series: medians by time of day, and by day of the week as far as there are several."""

import warnings

import numpy as np

from anomalies.calendar import Calendar, Real, Whole
from anomalies.quantity import Flags, Quantity, Values

_ROUNDS = 3
"""Of J. W. Tukey's median polish (Exploratory Data Analysis, 1977); more change nothing that is seen."""
_NEIGHBOURS = 2
"""Bins on each side that tell a weekday's own shape: with them one odd quarter of an hour is outvoted."""
_SATURDAY = 5
"""Saturdays and Sundays are taken to be alike, and the other days: in the first week there is one of each weekday."""


def usual_week(windows: Whole, values: Values, usable: Flags, quantity: Quantity, calendar: Calendar) -> Real:
    """The expected value of a window in each bin of a week, 7 x bins of a day; NaN where nothing was ever seen.

    By day and bin the mean of the usable windows; of these, on the scale where levels multiply (or add), the polish
    gives a level to each day and a shape to the day. A weekday's level is told by its days against the days around
    them; its own shape first by the days that are alike, working days or weekends, then by the same weekdays.
    """
    days, bins = calendar.days_and_bins(windows)
    cells = _cells(days - days[0], bins, values, usable, calendar.bins)
    multiplies = quantity.adds_up
    grid = np.sqrt(np.maximum(cells, 0)) if multiplies else cells
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of medians over nothing, which are NaN
        week = _polished(grid, calendar.weekdays(np.arange(len(grid)) + days[0]), multiplies)
    flat = _filled(week.ravel())
    return np.square(flat) if multiplies else flat


def _cells(days: Whole, bins: Whole, values: Values, usable: Flags, bins_of_day: int) -> Real:
    """Means by day and bin; NaN where less than a third of the bin's usual number of windows is usable."""
    place = days * bins_of_day + bins
    size = int(days[-1] + 1) * bins_of_day
    seen = usable & np.isfinite(values)
    number = np.bincount(place[seen], minlength=size)
    total = np.bincount(place[seen], weights=values[seen], minlength=size)
    enough = number >= max(np.median(number[number > 0], axis=0) / 3, 1) if number.any() else number > 0
    means = np.full(size, np.nan)
    means[enough] = total[enough] / number[enough]
    return means.reshape(-1, bins_of_day)


def _polished(grid: Real, weekdays: Whole, multiplies: bool) -> Real:
    def less(what: Real, by: Real) -> Real:
        if not multiplies:
            return np.asarray(what - by)
        return np.asarray(what / np.where(by > 0, by, np.nan))

    def more(what: Real, by: Real | float) -> Real:
        return np.asarray(what * by if multiplies else what + by)

    neutral = 1.0 if multiplies else 0.0
    levels = np.full(len(grid), neutral)
    shape = np.nanmedian(grid, axis=0)
    for _ in range(_ROUNDS):
        levels = np.nan_to_num(np.nanmedian(less(grid, shape[None, :]), axis=1), nan=neutral)
        shape = np.nanmedian(less(grid, levels[:, None]), axis=0)
    rest = less(less(grid, levels[:, None]), shape[None, :])
    apart = less(levels, _of_the_days_around(levels))
    week = np.empty((7, grid.shape[1]))
    for weekday in range(7):
        own = weekdays == weekday
        week[weekday] = more(shape, _middle(apart[own], neutral))
        alike = _own_shape(rest[(weekdays >= _SATURDAY) == (weekday >= _SATURDAY)], neutral)
        week[weekday] = more(more(week[weekday], alike), _own_shape(less(rest[own], alike[None, :]), neutral))
    return week


def _own_shape(rest: Real, neutral: float) -> Real:
    """What days that are alike have in common beside the usual shape, by bin: their middle, as `_middle` takes it.

    Nothing where there is one day only: it cannot tell what is usual from what happened once.
    """
    if len(rest) < 2:
        return np.full(rest.shape[1], neutral)
    by_day = np.sort(_around(rest), axis=0)
    number = np.isfinite(by_day).sum(axis=0)
    places = np.stack([np.maximum((number - 1) // 2, 0), np.minimum(number // 2, len(rest) - 1)])
    middle = np.take_along_axis(by_day, places, axis=0)
    nearer = np.argmin(np.nan_to_num(np.abs(middle - neutral)), axis=0)
    chosen = np.take_along_axis(middle, nearer[None, :], axis=0)[0]
    return np.where((number > 1) & np.isfinite(chosen), chosen, neutral)


def _of_the_days_around(levels: Real) -> Real:
    """Medians of seven days, so that a trend is none of a weekday."""
    sides = np.pad(levels, 3, constant_values=np.nan)
    return np.asarray(np.nanmedian(np.lib.stride_tricks.sliding_window_view(sides, 7), axis=1))


def _middle(apart: Real, neutral: float) -> float:
    """The median; of two in the middle the one that is nearer to no difference."""
    if not len(apart):
        return neutral
    ordered = np.sort(apart)
    middle = ordered[[(len(ordered) - 1) // 2, len(ordered) // 2]]
    return float(middle[np.argmin(np.abs(middle - neutral))])


def _around(rest: Real) -> Real:
    """Of each day medians over neighbouring bins; a day has no neighbours across its midnight."""
    bins = rest.shape[1]
    sides = np.pad(rest, ((0, 0), (_NEIGHBOURS, _NEIGHBOURS)), constant_values=np.nan)
    stacked = np.stack([sides[:, shift : shift + bins] for shift in range(2 * _NEIGHBOURS + 1)])
    return np.asarray(np.nanmedian(stacked, axis=0))


def _filled(week: Real) -> Real:
    """Bins that were never seen lie on the line between their neighbours."""
    known = np.isfinite(week)
    if known.all() or not known.any():
        return week
    places = np.arange(len(week))
    return np.interp(places, places[known], week[known], period=len(week))


def expected(week: Real, windows: Whole, calendar: Calendar) -> Values:
    """What the week expects of each window: within a day the line between the middles of its bins, and on to its ends.

    A day's last minutes are told by that day alone: a weekday's level begins and ends at midnight.
    """
    days = week.reshape(7, -1)
    bins = days.shape[1]
    if bins > 1:
        ends = (days[:, :1] * 1.5 - days[:, 1:2] * 0.5, days[:, -1:] * 1.5 - days[:, -2:-1] * 0.5)
        lowest, highest = days.min(), days.max()
        days = np.hstack([np.clip(ends[0], lowest, highest), days, np.clip(ends[1], lowest, highest)])
    else:
        days = np.hstack([days, days, days])
    middles = np.concatenate([[0.0], np.arange(bins) + 0.5, [float(bins)]])
    places = (np.arange(7)[:, None] * bins + middles[None, :]).ravel()
    return np.interp(calendar.place_in_week(windows), places, days.ravel())
