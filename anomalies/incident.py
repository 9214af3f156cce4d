"""What was found: one incident for all windows of a series that are unusual together."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from anomalies.calendar import Calendar
from anomalies.parameters import ADOPTED_WINDOWS, QUIET_WINDOWS


class Kind(StrEnum):
    """How a series is unusual."""

    SPIKE = "spike"
    DROP = "drop"
    LEVEL = "level"
    RATE = "rate"
    SILENCE = "silence"


class State(StrEnum):
    """What people have said of it."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


class Role(Enum):
    """What a series is to its feed: the one that falls silent with it, a sensor's reading, or another."""

    MAIN = "main"
    SENSOR = "sensor"
    OTHER = "other"


@dataclass(frozen=True)
class Finding:
    """Where an incident is worst: the mean of the `summed` windows that end with `window`, and what was expected of it.

    `score` is how far that is, in robust standard deviations; negative below.
    """

    window: int
    value: float
    expected: float
    lower: float
    upper: float
    score: float
    summed: int = 1


@dataclass(frozen=True)
class Incident:
    """Windows `first` to `last`; `goes_on` until enough of them were usual again. `number` is the stored row's."""

    kind: Kind
    first: int
    last: int
    worst: Finding
    goes_on: bool = True
    state: State = State.OPEN
    number: int | None = None

    @property
    def windows(self) -> int:
        """Its length."""
        return self.last - self.first + 1

    def kept_out(self, calendar: Calendar) -> range:
        """The windows that tell no level, nor a baseline unless it is dismissed: all but the end of a new level.

        With the usual ones that end it, so that a baseline made while it went on is made again the same later.
        """
        longest = calendar.longest
        if self.windows >= longest - QUIET_WINDOWS and self.state is not State.CONFIRMED:
            return range(self.first, self.first + longest - ADOPTED_WINDOWS)
        return range(self.first, self.last + QUIET_WINDOWS + 1)
