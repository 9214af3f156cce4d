"""A process whose Kafka client has stopped for good begins anew: it may be killed at any moment, so that costs nothing.

Two threads inside librdkafka 2.16 can wait for each other for ever when a broker goes away while a leader epoch is
looked up (confluentinc/librdkafka#5476, open). From then on every call that needs its main thread waits without a limit
and without a word, and whoever only reads gets nothing more.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

SILENCE_SECONDS = 180.0
"""Longer than all that a round of a stage waits for together: a request of the client has 60 s, a store less."""


def begin_anew() -> None:
    """Replace this process by the same command; its pid and its output stay."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # connections of the client would stay open
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


class Watchdog:
    """Calls `bark` once nobody has called `alive` for `seconds`; use it as a context."""

    def __init__(self, what: str, seconds: float = SILENCE_SECONDS, bark: Callable[[], None] = begin_anew) -> None:
        self._what, self._seconds, self._bark = what, seconds, bark
        self._alive_at = time.monotonic()
        self._over = Event()
        self._thread = Thread(target=self._watch, name="watchdog", daemon=True)

    def alive(self) -> None:
        """The round is over."""
        self._alive_at = time.monotonic()

    def __enter__(self) -> Self:
        self.alive()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(self._seconds / 10):
            if time.monotonic() - self._alive_at > self._seconds:
                logger.error(
                    "%s has not come back from the Kafka client for %.0f s, and begins anew", self._what, self._seconds
                )
                self._bark()
                return
