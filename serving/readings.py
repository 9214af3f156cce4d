"""Readings of sensors that know no time: they are given that of their arrival."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from serving.events import SentEvent

TIME_FIELD = "timestamp"


class ReadingClock:
    """Gives times that are never the same twice in a process: device and time are what tells two readings apart."""

    def __init__(self, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        self._now_us = now_us
        self._last = 0

    def timed(self, sent: SentEvent) -> SentEvent:
        """The reading with a time, put before what was sent; as it is where it has one or is no object."""
        value, event = sent
        if type(event) is not dict or TIME_FIELD in event:
            return sent
        self._last = max(self._last + 1, self._now_us())
        seconds, micros = divmod(self._last, 1_000_000)
        told = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"
        rest = value.lstrip()[1:]
        comma = b"," if event else b""
        return SentEvent(
            b'{"%b":"%b"%b%b' % (TIME_FIELD.encode(), told.encode(), comma, rest), {TIME_FIELD: told, **event}
        )
