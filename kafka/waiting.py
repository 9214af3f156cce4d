"""What is waited for: tried again at growing pauses, and said at growing intervals, so that no night fills a log."""

import logging
import math
import time

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
_DOUBLINGS = math.ceil(math.log2(LONGEST_PAUSE_SECONDS / FIRST_PAUSE_SECONDS))
SILENT_SECONDS = 3.0
"""A busy machine lets a healthy copy wait for a second or two; the pauses of the first tries end in 0.5, 1.5, 3.5 s."""
FIRST_INTERVAL_SECONDS = 10.0
LONGEST_INTERVAL_SECONDS = 600.0


def pause_seconds(failures: int) -> float:
    """How long to wait after so many failed tries, at least one: each pause is twice the last, up to the longest."""
    return min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, _DOUBLINGS), LONGEST_PAUSE_SECONDS)


class Waiting:
    """Logs `what` ("landing waits for its store") after 3 s, after 10 s more, 20 s more, ... every 10 minutes.

    A wait that is over before that says nothing.
    """

    def __init__(self, logger: logging.Logger, what: str) -> None:
        self._logger, self._what = logger, what
        self._since: float | None = None
        self._is_told = False
        self._next = self._interval = 0.0

    def because(self, reason: object) -> None:
        """It still waits; called as often as one likes."""
        now = time.monotonic()
        if self._since is None:
            self._since, self._next, self._interval = now, now + SILENT_SECONDS, FIRST_INTERVAL_SECONDS
        if now >= self._next:
            self._logger.warning("%s seconds=%.0f reason=%s", self._what, now - self._since, reason)
            self._is_told = True
            self._next = now + self._interval
            self._interval = min(2 * self._interval, LONGEST_INTERVAL_SECONDS)

    def over(self) -> None:
        """What was waited for has come; said where the wait was."""
        if self._since is not None and self._is_told:
            self._logger.info("%s: no longer seconds=%.0f", self._what, time.monotonic() - self._since)
        self._since, self._is_told = None, False
