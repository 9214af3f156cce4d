"""A value that a thread of its own reads anew every few seconds, and that is good for a while."""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Generic, TypeVar

import psycopg

from kafka.waiting import Waiting

logger = logging.getLogger(__name__)

Value = TypeVar("Value")


class Periodic(Generic[Value]):
    """What `read` returned last, None once that is `stale_seconds` ago."""

    def __init__(
        self,
        what: str,
        read: Callable[[], Value],
        refresh_seconds: float,
        stale_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._refresh_seconds, self._stale_seconds = read, refresh_seconds, stale_seconds
        self._clock = clock
        self._value: Value | None = None
        self._read_at: float | None = None
        self._waiting = Waiting(logger, f"the API waits for {what}")
        self._stop = Event()
        self._thread = Thread(target=self._run, name=what, daemon=True)

    def start(self) -> None:
        """Begin to read; does not wait for the first answer."""
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._stop.set()

    @property
    def value(self) -> Value | None:
        """The value as of at most `stale_seconds` ago."""
        if self._read_at is None or self._clock() - self._read_at > self._stale_seconds:
            return None
        return self._value

    def refresh(self) -> None:
        """Read once; what was known stays where the store does not answer."""
        asked_at = self._clock()
        try:
            self._value = self._read()
            self._read_at = asked_at
            self._waiting.over()
        except psycopg.Error as error:
            self._waiting.because(" ".join(str(error).split()))

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._stop.wait(self._refresh_seconds)
