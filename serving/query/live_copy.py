"""The live windows in Redis: a copy for readers who want them within a millisecond, that may be lost at any time.

    millrace:live:now                  what is true of all of it: `Now`, as JSON; expires where nobody renews it
    millrace:live:position             how far the copy is, for whoever writes it (serving/live_copier.py)
    millrace:live:window:START         a hash, "feed|metric|dimension|member" -> [value, unit, is_closed, batch_id]
    millrace:live:window:START:members the same of the large dimensions, their greatest members

START is the window's start in seconds since 1970. One transaction (MULTI) writes what a batch has changed, together
with `now`: who watches `now` and reads windows in a transaction sees whole batches.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from prometheus_client import Counter
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, WatchError
from redis.retry import Retry

from kafka.waiting import Waiting
from serving.query.live_store import LiveStore, Range, Recent

logger = logging.getLogger(__name__)

KEPT_MINUTES = 120
"""Before the newest window; who asks for more is told by the warehouse."""
FRESH_SECONDS = 5.0
"""The copy is at most so far behind the warehouse; after that there is no `now`."""
KEPT_SECONDS = 3600
"""After so long without a writer nothing is left."""
ANSWER_SECONDS = 1.0
RETRY_SECONDS = 5.0
"""Between two questions to a Redis that is away or behind: each may take the time of an answer."""
TRIES = 5
NOW, POSITION = "millrace:live:now", "millrace:live:position"


@dataclass(frozen=True)
class Now:
    """The head of the copy, times in seconds since 1970.

    `at` is the warehouse's clock, `since` where the copy begins, `windows` the starts of those that are there, also of
    ones ahead of `at`; `tops` and `anomalies` are as in `Recent`.
    """

    batch_id: int
    at: float
    newest: float | None
    window_seconds: int
    watermark: float | None
    since: float
    windows: Sequence[int]
    tops: Sequence[Any]
    anomalies: Sequence[dict[str, Any]]


class NotThereError(Exception):
    """The copy does not have what is asked; says why."""


def window_key(start: int) -> str:
    """Of all but the large dimensions."""
    return f"millrace:live:window:{start}"


def members_key(start: int) -> str:
    """Of the large dimensions."""
    return f"{window_key(start)}:members"


def redis_client(url: str) -> Redis:
    """A client that does not wait for a Redis that is away."""
    answer = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    return Redis.from_url(url, **answer, retry=Retry(NoBackoff(), 0))


def read_recent(client: Redis, minutes: float) -> Recent:
    """The last minutes up to the newest window, of one moment; raises NotThereError and RedisError."""
    with client.pipeline() as pipe:
        for _ in range(TRIES):
            try:
                pipe.watch(NOW)  # type: ignore[no-untyped-call]
                now = _now(pipe.get(NOW))
                since = max(0, (now.newest or 0) - minutes * 60)
                starts = [start for start in now.windows if since <= start <= now.at]
                pipe.multi()
                for start in starts:
                    pipe.hgetall(window_key(start))
                found = pipe.execute()
            except WatchError:
                continue
            if not all(found):
                raise NotThereError("windows of the copy are missing")
            points = [_point(start, *each) for start, row in zip(starts, found, strict=True) for each in row.items()]
            return Recent(now.newest, now.window_seconds, now.watermark, points, now.tops, now.anomalies)
    raise NotThereError("the copy changes faster than it can be read")


def _now(raw: Any) -> Now:
    if raw is None:
        raise NotThereError("the copy is not renewed: ./millrace live-copy --follow does it")
    try:
        return Now(**orjson.loads(raw))
    except (TypeError, ValueError):
        raise NotThereError("the copy is of another version of this program") from None


def _point(start: int, name: bytes, told: bytes) -> tuple[Any, ...]:
    feed, metric, dimension, member = name.decode().split("|", 3)
    value, unit, is_closed, _ = orjson.loads(told)
    return feed, metric, dimension, member, unit, start, value, is_closed


class CopiedLive:
    """What moves is read from Redis, history from the warehouse; all of it there where Redis is away or behind."""

    def __init__(self, client: Redis, warehouse: LiveStore, readings: Counter) -> None:
        self._client, self._warehouse, self._readings = client, warehouse, readings
        self._waiting = Waiting(logger, "live windows are read from the warehouse, for their copy is not there")
        self._next_try = 0.0

    def close(self) -> None:
        """As `LiveStore` says."""
        self._client.close()
        self._warehouse.close()

    async def stream(self) -> dict[str, Any]:
        """As `LiveStore` says."""
        return await self._warehouse.stream()

    async def catalog(self, hours: int) -> list[dict[str, Any]]:
        """As `LiveStore` says."""
        return await self._warehouse.catalog(hours)

    async def series(self, asked: Range) -> list[dict[str, Any]]:
        """As `LiveStore` says."""
        return await self._warehouse.series(asked)

    async def recent(self, minutes: float) -> Recent:
        """As `LiveStore` says."""
        found = await self._copied(minutes) if minutes <= KEPT_MINUTES else None
        self._readings.labels("warehouse" if found is None else "redis").inc()
        return found or await self._warehouse.recent(minutes)

    async def _copied(self, minutes: float) -> Recent | None:
        if time.monotonic() < self._next_try:
            return None
        try:
            found = await asyncio.to_thread(read_recent, self._client, minutes)
        except (RedisError, NotThereError) as error:
            self._waiting.because(error)
            self._next_try = time.monotonic() + RETRY_SECONDS
            return None
        self._waiting.over()
        return found
