"""How long events were under way, told by running totals: the n-th to arrive is taken to be the n-th produced.

So no place has to tell one event from another, and what is measured is when a number of events was there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kafka.feeds.feed import MAIN

VERDICTS = ("valid", "invalid", "duplicates")
"""Of a record that the stream has read there is one, whatever it is of: their sum is the number of records."""


@dataclass
class Arrivals:
    """How many events a place held, and when that was seen, in seconds; a total that is not greater tells nothing."""

    times: list[float] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The greatest so far."""
        return self.totals[-1] if self.totals else 0

    def add(self, at: float, total: int) -> None:
        """What was seen at a time, which is not before the one told last."""
        if total > self.total:
            self.times.append(at)
            self.totals.append(total)

    def by(self, at: float) -> int:
        """The total as of a time."""
        return max((total for time, total in self._pairs() if time <= at), default=0)

    def beyond(self, base: int) -> "Arrivals":
        """What came after the first `base` events."""
        rest = Arrivals()
        for time, total in self._pairs():
            rest.add(time, total - base)
        return rest

    def _pairs(self) -> Iterator[tuple[float, int]]:
        # Another thread may add to both: of the longer one the end is left out.
        return zip(list(self.times), list(self.totals), strict=False)


def delays(produced: Sequence[float], arrivals: Arrivals, end: float) -> list[float]:
    """Seconds from each event's production until as many were there.

    An event that was not there by `end` counts as if it came then: it took that long at least.
    """
    found: list[float] = []
    place = 0
    for number, at in enumerate(produced, 1):
        while place < len(arrivals.totals) and arrivals.totals[place] < number:
            place += 1
        found.append((arrivals.times[place] if place < len(arrivals.times) else end) - at)
    return found


class ToldByMessages:
    """The number of the main feed's records in the messages of `/ws/live`, whose values are absolute."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, int], float] = {}

    def take(self, message: Mapping[str, Any]) -> int:
        """Take a snapshot, a delta or a tick; returns the total since the first message."""
        for series in message.get("series", ()):
            if series["feed"] == MAIN and series["metric"] in VERDICTS and not series["dimension"]:
                for at, value, _ in series["points"]:
                    self._values[series["metric"], at] = value or 0
        return round(sum(self._values.values()))
