"""When a record was recorded: its own time, which a copy with the present time carries in a header."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from confluent_kafka import Message

from kafka.record_headers import UnreadableHeadersError, read_headers

ORIGINAL_TIMESTAMP_HEADER = "millrace-original-timestamp"
"""Header of a record published with the present time: its own time in milliseconds since 1970."""
LAST_TIME_MS = 253_402_300_799_999
"""The end of the year 9999. A time beyond, such as one in microseconds, is no time: no calendar of ours has it."""
_TIME = re.compile(rb"-?[0-9]{1,18}")
"""Others may write the header, too: what has more digits is no time, and Python would refuse to read the longest."""


def recorded_ms(message: Message) -> int:
    """When the record was recorded, milliseconds since 1970; -1 where it has no time."""
    own = message.timestamp()[1]
    try:
        headers = read_headers(message)
    except UnreadableHeadersError:  # no copy of ours: their names are text
        return own
    return earliest_ms(own, headers.items() if isinstance(headers, dict) else headers) if headers else own


def earliest_ms(own_ms: int, headers: Iterable[tuple[str, object]]) -> int:
    """A record's own time, or the earliest that its headers tell: of a copy's copy the first is the record's."""
    return min([own_ms, *original_times(headers)])


def original_times(headers: Iterable[tuple[str, object]]) -> list[int]:
    """The times that headers tell; what is no number is another's header."""
    texts = (value for name, value in headers if name == ORIGINAL_TIMESTAMP_HEADER)
    return [int(text) for text in texts if isinstance(text, bytes) and _TIME.fullmatch(text)]


def time_of(time_ms: int) -> datetime | None:
    """The time in UTC; None where no calendar of ours has it."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
