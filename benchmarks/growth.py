"""Whether a cost per event grows with what was loaded before."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

COMPARED_DAYS = 5


@dataclass(frozen=True)
class DayCost:
    """Events of one day, and the seconds that loading them took."""

    events: int
    seconds: float


def compared_days(days: Sequence[object]) -> int:
    """How many days stand at either end of a comparison: five, of a short run half."""
    return min(COMPARED_DAYS, len(days) // 2)


def seconds_per_event(days: Sequence[DayCost]) -> float:
    """Of all days together; raises ValueError where they hold no event."""
    events = sum(day.events for day in days)
    if events == 0:
        raise ValueError("a cost per event needs events")
    return sum(day.seconds for day in days) / events


def last_to_first(days: Sequence[DayCost]) -> float:
    """Seconds an event of the last days to those of the first: 1 is flat. At least two days."""
    number = compared_days(days)
    return seconds_per_event(days[-number:]) / seconds_per_event(days[:number])


def slope(days: Sequence[DayCost]) -> float:
    """Seconds that each event costs more for every event loaded before its day: the least-squares line. Two days."""
    history, loaded = [], 0
    for day in days:
        history.append(float(loaded))
        loaded += day.events
    return float(linear_regression(history, [day.seconds / day.events for day in days]).slope)
