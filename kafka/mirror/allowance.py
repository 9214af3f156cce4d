"""How many records a run may still mirror (`MAX_MESSAGES`), shared by its workers."""

from threading import Lock


class Allowance:
    """Grants reads so that together they never exceed `limit` records; None is without limit.

    A worker takes before it reads and settles with what it got, so a short read leaves the rest to the others.
    """

    def __init__(self, limit: int | None) -> None:
        self._remaining = limit
        self._granted = 0
        self._lock = Lock()

    def take(self, wanted: int) -> int:
        """At most `wanted` records may be read now; 0 when all that remain are granted to others, or none remain."""
        with self._lock:
            if self._remaining is None:
                return wanted
            granted = min(wanted, self._remaining)
            self._remaining -= granted
            self._granted += granted
            return granted

    def settle(self, granted: int, used: int) -> None:
        """Of a grant, `used` records were read; the rest is free again."""
        with self._lock:
            if self._remaining is not None:
                self._granted -= granted
                self._remaining += granted - used

    def give_back(self, records: int) -> None:
        """These records were read but their transaction was rolled back."""
        with self._lock:
            if self._remaining is not None:
                self._remaining += records

    @property
    def exhausted(self) -> bool:
        """Whether no record remains, and none can come back from a read under way."""
        with self._lock:
            return self._remaining == 0 and self._granted == 0
