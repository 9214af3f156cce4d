"""Medians, ratios and targets: what the report is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Series:
    """The same quantity measured once a round, in one unit."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        """The middle value; of an even number the mean of the two in the middle."""
        return median(self.values)

    def text(self, digits: int = 2) -> str:
        """`2.41 (2.30-2.62)`: the median with the least and the greatest value."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:,.{digits}f} ({low:,.{digits}f}-{high:,.{digits}f})"

    def per(self, other: "Series") -> float:
        """Median to median, how many times `other` this is; raises ValueError where `other` is nothing."""
        if other.median <= 0:
            raise ValueError(f"a ratio to {other.median} has no meaning")
        return self.median / other.median


@dataclass(frozen=True)
class Target:
    """What was promised and what was measured, in the same unit (`x` for a ratio, `s` for seconds)."""

    promise: str
    measured: float
    limit: float
    at_most: bool
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether the measured value keeps the promise; the limit itself does."""
        return self.measured <= self.limit if self.at_most else self.measured >= self.limit

    @property
    def shortfall(self) -> float:
        """By what share of the limit the promise is missed; 0 where it is kept."""
        if self.met:
            return 0.0
        return abs(self.measured - self.limit) / self.limit

    def verdict(self) -> str:
        """`met`, or `MISSED by 13 %`; never rounded down to nothing."""
        return (
            "met" if self.met else f"MISSED by {max(self.shortfall * 100, 0.1):.{0 if self.shortfall > 0.1 else 1}f} %"
        )

    def bound(self) -> str:
        """`<= 0.60 x`."""
        return f"{'<=' if self.at_most else '>='} {self.limit:.2f} {self.unit}"
