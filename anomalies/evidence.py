"""How far windows are from what is expected of them, at the level of the hour before."""

from dataclasses import dataclass

import numpy as np

from anomalies.parameters import LEVEL_GAP, LEVEL_PRIOR_EVENTS, LEVEL_WINDOWS
from anomalies.quantity import Flags, Quantity, Values

_FEWEST = 10
"""Windows that tell a level; with fewer the profile stands as it is."""


@dataclass(frozen=True)
class Levels:
    """The level before each window, told by the last usable windows that end `LEVEL_GAP` before it.

    A factor of what adds up, a difference of a measure; 1 or 0 where too few tell.
    """

    values: Values

    @classmethod
    def of(cls, values: Values, expected: Values, usable: Flags, quantity: Quantity) -> "Levels":
        """One for each window; the judged window and its neighbours are never part of their own."""
        neutral = 1.0 if quantity.adds_up else 0.0
        seen = usable & np.isfinite(values) & np.isfinite(expected)
        if quantity is Quantity.RATE or not seen.any():
            return cls(np.full(len(values), neutral))
        before = np.concatenate([np.zeros(LEVEL_GAP, dtype=np.int64), np.cumsum(seen)[: len(seen)]])[: len(seen)]
        if quantity.adds_up:
            levels = _factor(values[seen], expected[seen], before, quantity)
        else:
            levels = np.concatenate([[0.0], _rolling_median(values[seen] - expected[seen])])[before]
        return cls(np.where(before >= _FEWEST, levels, neutral))


def _factor(
    values: Values, expected: Values, before: "np.ndarray[tuple[int], np.dtype[np.int64]]", quantity: Quantity
) -> Values:
    prior = LEVEL_PRIOR_EVENTS if quantity is Quantity.COUNT else 0.0
    # Not by a running total, whose rounding depends on where it began: a restart finds the same to the last bit.
    seen, due = (
        rolling_sum(np.concatenate([np.zeros(LEVEL_WINDOWS), each]), LEVEL_WINDOWS)[LEVEL_WINDOWS - 1 :][before] + prior
        for each in (values, expected)
    )
    return np.asarray(np.where(due > 0, seen / np.where(due > 0, due, 1.0), 1.0))


def _rolling_median(values: Values) -> Values:
    """Of each value and up to LEVEL_WINDOWS - 1 before it."""
    begin = [np.median(values[: place + 1]) for place in range(min(LEVEL_WINDOWS - 1, len(values)))]
    if len(values) < LEVEL_WINDOWS:
        return np.array(begin)
    rest = np.median(np.lib.stride_tricks.sliding_window_view(values, LEVEL_WINDOWS), axis=1)
    return np.concatenate([begin, rest])


def at_level(expected: Values, levels: Values, quantity: Quantity) -> Values:
    """What is expected of each window at its level."""
    return np.asarray(expected * levels if quantity.adds_up else expected + levels)


def distances(values: Values, due: Values, windows: int, quantity: Quantity) -> Values:
    """How far the last `windows` windows together are from what was `due`, on the even scale; NaN where one is missing.

    Sums of what adds up; of a measure the mean, times the root of the number, so that noise stays as it is.
    """
    if quantity.adds_up:
        return quantity.even(rolling_sum(values, windows)) - quantity.even(rolling_sum(due, windows))
    return np.asarray(rolling_sum(values - due, windows) / np.sqrt(windows))


def rolling_sum(values: Values, windows: int) -> Values:
    """Sums of each value and those before it; NaN where one of them is missing or there are too few."""
    if windows == 1:
        return values
    if len(values) < windows:
        return np.full(len(values), np.nan)
    sums = np.lib.stride_tricks.sliding_window_view(values, windows).sum(axis=1)
    return np.concatenate([np.full(windows - 1, np.nan), sums])
