"""Carts and order numbers."""

import random
from collections import deque
from typing import Any

CartItem = dict[str, Any]
"""`product_id` and `amount` are integers, `price` and `currency` as the store prints them, `option` a list or `""`."""

FLOAT_SHARE = 0.05
EMPTY_SHARE = 0.02
REUSED_SHARE = 0.002


class OrderNumbers:
    """Ascending integers; a few come as floats or empty, and a few recent ones are used again, as in the feed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last = 6_200_000
        self._recent: deque[int] = deque([self._last], maxlen=20)

    def next(self) -> int | float | str:
        """The `order_id` of one more order."""
        chance = self._rng.random()
        if chance < REUSED_SHARE:
            return self._rng.choice(self._recent)
        self._last += self._rng.randrange(1, 4)
        self._recent.append(self._last)
        if chance < REUSED_SHARE + FLOAT_SHARE:
            return float(self._last)
        return "" if chance < REUSED_SHARE + FLOAT_SHARE + EMPTY_SHARE else self._last
