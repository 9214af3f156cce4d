"""How much is under way at once: what does not fit is refused, never queued."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.problem import Code, Problem

RETRY_SECONDS = 1.0


class Flight:
    """Bounds of events and bytes; used by the event loop alone, so that nothing comes between look and leap."""

    def __init__(self, most_events: int, most_bytes: int) -> None:
        self._most_events, self._most_bytes = most_events, most_bytes
        self.events = self.bytes = 0

    @contextmanager
    def carrying_bytes(self, size: int) -> Iterator[Callable[[int], None]]:
        """Hold room for a body of `size` bytes at most; raises Problem where there is none.

        What is yielded is told how many there really are.
        """
        if self.bytes + size > self._most_bytes:
            raise self._overloaded("bodies")
        self.bytes += size
        held = size

        def hold(really: int) -> None:
            nonlocal held
            self.bytes += really - held
            held = really

        try:
            yield hold
        finally:
            self.bytes -= held

    @contextmanager
    def carrying_events(self, count: int) -> Iterator[None]:
        """Hold room for `count` events that wait for the bus; raises Problem where there is none."""
        if self.events + count > self._most_events:
            raise self._overloaded("events")
        self.events += count
        try:
            yield
        finally:
            self.events -= count

    def _overloaded(self, what: str) -> Problem:
        return Problem(
            Code.OVERLOADED, f"too many {what} are under way; nothing was taken", (), RETRY_SECONDS, close=True
        )
