"""How many events a key may send: a token bucket for each, in this process."""

import time
from collections.abc import Callable

from serving.api_key import ApiKey


class TokenBucket:
    """`rate` tokens a second, `burst` at most at once.

    A list longer than `burst` is let through by a full bucket, which then owes the rest: otherwise it never could be.
    """

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst = rate, burst
        self._clock = clock
        self._tokens = float(burst)
        self._counted_at = clock()

    def take(self, count: int, paid: int = 0) -> float:
        """Take `count` tokens and return 0, or take none and return after how many seconds to come again.

        Of the tokens, `paid` were taken before, and are not given back where the others are missing.
        """
        now = self._clock()
        self._tokens = min(float(self.burst), self._tokens + (now - self._counted_at) * self.rate)
        self._counted_at = now
        missing = min(count, self.burst) - self._tokens
        if missing > paid:
            return missing / self.rate
        self._tokens -= count - paid
        return 0.0


class RateLimits:
    """The buckets of all keys that were used; a key with another limit than before gets a new one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: ApiKey, count: int, paid: int = 0) -> float:
        """As `TokenBucket.take`, of this key."""
        bucket = self._buckets.get(key.key_id)
        if bucket is None or (bucket.rate, bucket.burst) != (key.events_per_second, key.burst):
            bucket = self._buckets[key.key_id] = TokenBucket(key.events_per_second, key.burst, self._clock)
        return bucket.take(count, paid)
