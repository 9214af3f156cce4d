"""Where windows lie in the week of the business's time zone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from anomalies.parameters import ADOPTED_WINDOWS, BIN_SECONDS, LONGEST_HOURS

DAY = 86_400
_MONDAY_OF_1970 = 3
"""1 January 1970 was a Thursday: day 3 of a week that begins on Monday."""
Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Calendar:
    """Windows are numbered since 1970: window n begins at n x `window_seconds`."""

    window_seconds: int
    zone: ZoneInfo = UTC_ZONE

    @property
    def bin_seconds(self) -> int:
        """Length of a bin: a window at least."""
        return max(BIN_SECONDS, self.window_seconds)

    @property
    def bins(self) -> int:
        """Bins of a day."""
        return -(-DAY // self.bin_seconds)

    def windows(self, hours: float) -> int:
        """How many windows so many hours are, one at least."""
        return max(int(hours * 3600 / self.window_seconds), 1)

    @property
    def longest(self) -> int:
        """How many windows an incident may have."""
        return max(self.windows(LONGEST_HOURS), 2 * ADOPTED_WINDOWS)

    def local_seconds(self, windows: Whole) -> Whole:
        """Seconds since 1970 by the zone's clocks at the windows' middles; when clocks go back, an hour comes twice."""
        at = windows * self.window_seconds + self.window_seconds // 2
        # Clocks change at full hours UTC, or at a quarter of one.
        quarters, which = np.unique(at // 900, return_inverse=True)
        offsets = [_offset(self.zone, int(quarter) * 900) for quarter in quarters]
        return np.asarray(at + np.array(offsets, dtype=np.int64)[which])

    def days_and_bins(self, windows: Whole) -> tuple[Whole, Whole]:
        """The local day, counted since 1970, and the bin of that day."""
        local = self.local_seconds(windows)
        return local // DAY, local % DAY // self.bin_seconds

    def weekdays(self, days: Whole) -> Whole:
        """0 is Monday."""
        return (days + _MONDAY_OF_1970) % 7

    def place_in_week(self, windows: Whole) -> Real:
        """In bins since Monday 0:00."""
        local = self.local_seconds(windows)
        return np.asarray(self.weekdays(local // DAY) * self.bins + local % DAY / self.bin_seconds)

    def hours(self, windows: Whole) -> Whole:
        """The local hour of the day."""
        return self.local_seconds(windows) % DAY // 3600


@lru_cache(maxsize=16_384)
def _offset(zone: ZoneInfo, epoch: int) -> int:
    shift = datetime.fromtimestamp(epoch, UTC).astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0
