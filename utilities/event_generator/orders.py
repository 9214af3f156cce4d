"""Carts and order numbers."""

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

CartItem = dict[str, Any]
"""`product_id` and `amount` are integers, `price` and `currency` as the store prints them, `option` a list or `""`."""

FLOAT_SHARE = 0.05
EMPTY_SHARE = 0.02
REUSED_SHARE = 0.002
RELOADED_SHARE = 0.03
ODD_CURRENCY_SHARE = 0.01


def reloaded_cart(cart: Sequence[CartItem], rng: random.Random) -> list[CartItem] | None:
    """The cart that the success page shows when loaded again, emptied or in another order; None where it is not."""
    if rng.random() >= RELOADED_SHARE:
        return None
    return [] if rng.random() < 0.5 else list(reversed(cart))


def odd_currencies(cart: Sequence[CartItem], rng: random.Random) -> list[CartItem]:
    """The cart, of which a few have a line in another currency or in none."""
    lines = list(cart)
    if lines and rng.random() < ODD_CURRENCY_SHARE:
        lines[-1] = {**lines[-1], "currency": rng.choice(("", None, "CHF '", "$"))}
    return lines


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
