"""Which record of a refused transaction is to blame, found by halving what the next transactions may hold.

Brokers and librdkafka name a batch, not a record (all messages of a refused batch are reported with its error). So a
refused range is halved until one record is refused alone: at most log2 of the range's offsets, 16 for a transaction
of 50,000 records. What lies before it is committed on the way.
"""

LONGEST_SPAN = 65_536
"""Offsets: above RECORDS_PER_TRANSACTION, so that it limits no transaction that is not looked at carefully."""


class Bisection:
    """The search in one partition; offsets are the source's."""

    def __init__(self) -> None:
        self.dead: dict[int, str] = {}
        """What was said of each record that was refused alone and is not yet set aside, by offset."""
        self._suspects_end = 0
        self._span = LONGEST_SPAN

    def limit(self, next_offset: int) -> int | None:
        """Where the transaction that begins at `next_offset` must end, exclusive; None: anywhere."""
        if next_offset < self._suspects_end:
            return next_offset + max((self._suspects_end - next_offset) // 2, 1)
        return next_offset + self._span if self._span < LONGEST_SPAN else None

    def refused(self, first: int, last: int, reason: str) -> bool:
        """A transaction with the records `first` to `last` was refused; False when this is no record's fault.

        That is when the only record in it was to be set aside: it is its dead letter that was refused.
        """
        if first < last:
            self._suspects_end = last + 1
            return True
        if first in self.dead:
            return False
        self.dead[first] = reason
        self._suspects_end = 0
        # Where one record is bad the next may be, too: the span grows again with each transaction that is not refused.
        self._span = 1
        return True

    def committed(self, next_offset: int) -> None:
        """Everything below `next_offset` is mirrored or set aside."""
        if self._span == LONGEST_SPAN and not self._suspects_end:
            return
        for offset in [offset for offset in self.dead if offset < next_offset]:
            del self.dead[offset]
        if next_offset >= self._suspects_end:
            self._suspects_end = 0
            self._span = min(2 * self._span, LONGEST_SPAN)
