"""How often somebody may try a password: token buckets for account and address, for the address, and for all."""

import time
from collections import OrderedDict
from collections.abc import Callable

from serving.rate_limit import TokenBucket

MOST_BUCKETS = 10_000
OF_ACCOUNT = 1 / 30, 5
"""Attempts a second, and at once."""
OF_ADDRESS = 1 / 6, 20


OF_ALL = 5.0, 30


class Attempts:
    """In this process. The buckets used longest ago are let go of: a full one is as none."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], TokenBucket] = OrderedDict()

    def take(self, address: str, account: str) -> float:
        """0 for an attempt that may be made, else after how many seconds to come again."""
        buckets = (((address, ""), OF_ADDRESS), ((address, account[:64]), OF_ACCOUNT), (("*", ""), OF_ALL))
        # One that is refused takes nothing of those behind it: nobody keeps others out by trying.
        return next((wait for key, limit in buckets if (wait := self._bucket(key, limit).take(1))), 0.0)

    def _bucket(self, key: tuple[str, str], limit: tuple[float, int]) -> TokenBucket:
        if key not in self._buckets:
            self._buckets[key] = TokenBucket(*limit, self._clock)
        self._buckets.move_to_end(key)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return self._buckets[key]
