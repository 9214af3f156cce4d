"""What a series counts or measures: how its values add up, and on which scale their noise is even."""

from enum import Enum

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_ANSCOMBE = 3 / 8


class Quantity(Enum):
    """The kinds of series.

    COUNT is a number of events: a window without a row is zero, levels multiply, and noise is at least Poisson's.
    AMOUNT adds up as well (money), but by steps of unknown size. MEASURE is a mean, a share or a quantile: a window
    without a row tells nothing, and levels add. RATE is how much a measure changes from one window to the next.
    """

    COUNT = "count"
    AMOUNT = "amount"
    MEASURE = "measure"
    RATE = "rate"

    @property
    def adds_up(self) -> bool:
        """Whether windows are summed, and one without a row is zero."""
        return self in (Quantity.COUNT, Quantity.AMOUNT)

    def even(self, sums: Values) -> Values:
        """On the scale where noise does not depend on the size.

        Of counts F. J. Anscombe's ("The transformation of Poisson, binomial and negative-binomial data", Biometrika
        35, 1948): Poisson noise has the deviation 1 there, and less where counts are below one.
        """
        if self is Quantity.COUNT:
            return np.asarray(2 * np.sqrt(np.maximum(sums, 0) + _ANSCOMBE))
        if self is Quantity.AMOUNT:
            return np.asarray(np.sqrt(np.maximum(sums, 0)))
        return sums

    def back(self, even: float) -> float:
        """The value of a place on that scale."""
        if self is Quantity.COUNT:
            return max((max(even, 0.0) / 2) ** 2 - _ANSCOMBE, 0.0)
        if self is Quantity.AMOUNT:
            return max(even, 0.0) ** 2
        return even

    def taken(self, values: Values) -> Values:
        """The series that is judged, of dense `values` with NaN where a window has no row."""
        if self.adds_up:
            return np.nan_to_num(values, nan=0.0)
        if self is Quantity.RATE:
            return np.diff(values, prepend=np.nan)
        return values
