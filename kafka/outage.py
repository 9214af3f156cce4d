"""An outage told in two lines, when it begins and when it is over, however often the same is tried in between."""

import logging
import time

from config.errors import UnavailableError

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0


class Outage:
    """Waiting for one thing; `patience_seconds` None waits for ever."""

    def __init__(self, waiting: str, patience_seconds: float | None) -> None:
        self._waiting = waiting
        self._patience = patience_seconds
        self._began: float | None = None
        self._pause = FIRST_PAUSE_SECONDS
        self._next_try = 0.0

    @property
    def may_try(self) -> bool:
        """Whether it is time to try, for the first time or again."""
        return time.monotonic() >= self._next_try

    def failed(self, error: UnavailableError) -> None:
        """Wait a little longer than the last time; raises `error` when patience has ended."""
        now = time.monotonic()
        if self._began is None:
            self._began = now
            logger.warning("%s reason=%s", self._waiting, error)
        if self._patience is not None and now - self._began > self._patience:
            raise error
        self._next_try = now + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)

    def over(self) -> None:
        """It was done."""
        if self._began is not None:
            logger.warning("%s: no longer seconds=%.0f", self._waiting, time.monotonic() - self._began)
        self._began, self._pause, self._next_try = None, FIRST_PAUSE_SECONDS, 0.0
