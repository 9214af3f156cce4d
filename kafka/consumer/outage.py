"""An outage that is waited out: when to try again, and when patience ends."""

import logging
import time

from config.errors import UnavailableError
from kafka.waiting import Waiting, pause_seconds

logger = logging.getLogger(__name__)


class Outage:
    """Waiting for one thing; `patience_seconds` None waits for ever."""

    def __init__(self, waiting: str, patience_seconds: float | None) -> None:
        self._waiting = Waiting(logger, waiting)
        self._patience = patience_seconds
        self._began: float | None = None
        self._failures = 0
        self._next_try = 0.0

    @property
    def may_try(self) -> bool:
        """Whether it is time to try, for the first time or again."""
        return time.monotonic() >= self._next_try

    def failed(self, error: UnavailableError) -> None:
        """Wait a little longer than the last time; raises `error` when patience has ended."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._waiting.because(error)
        if self._patience is not None and now - self._began > self._patience:
            raise error
        self._failures += 1
        self._next_try = now + pause_seconds(self._failures)

    def over(self) -> None:
        """It was done."""
        self._waiting.over()
        self._began, self._failures, self._next_try = None, 0, 0.0
