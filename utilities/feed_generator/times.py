"""Times of generated events: how busy an hour is, and how it is written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from utilities.event_generator.stream import HOURS, WEEKDAYS

_MEAN_HOUR = sum(HOURS) / len(HOURS)
_MEAN_DAY = sum(WEEKDAYS) / len(WEEKDAYS)
BUSIEST = max(HOURS) / _MEAN_HOUR * max(WEEKDAYS) / _MEAN_DAY


class Timed(NamedTuple):
    """An event of a feed and when it happens, milliseconds since 1970."""

    time_ms: int
    feed: str
    event: Mapping[str, Any]


def busyness(time_ms: float) -> float:
    """How busy a moment is, 1 being the mean of a week: the curves of the shop's clickstream, without steps."""
    at = datetime.fromtimestamp(time_ms / 1000, UTC)
    part = (at.minute * 60 + at.second) / 3600
    hour = HOURS[at.hour] * (1 - part) + HOURS[(at.hour + 1) % 24] * part
    return hour / _MEAN_HOUR * WEEKDAYS[at.weekday()] / _MEAN_DAY


def iso(time_ms: int) -> str:
    """`2026-01-31T12:00:00.123Z`."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
