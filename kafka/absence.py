"""A topic that is not there: a broker that has just started may not know it yet, or it is being made anew."""

import time

MISSING_SECONDS = 60.0
"""How long a topic may be away before it is taken for deleted."""


class Absence:
    """Since when one topic has not been there, at each look."""

    def __init__(self) -> None:
        self._since: float | None = None

    @property
    def lasts(self) -> bool:
        """Whether the topic was not there at the last look."""
        return self._since is not None

    def noted(self) -> bool:
        """The topic is not there at this look; True once that was so for MISSING_SECONDS."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return now - self._since > MISSING_SECONDS

    def over(self) -> None:
        """The topic is there, or nobody says that it is not."""
        self._since = None
