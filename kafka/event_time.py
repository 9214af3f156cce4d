"""The time that an event tells: one reading for search, warehouse, trace and erasure alike."""

import re

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WHITE_SPACE = "".join(map(chr, range(0x21)))
_LONGEST_NUMBER = 64
"""Characters; longer text is no time, and is not converted."""
_MIN_SECONDS, _MAX_SECONDS = -(2**63), 2**63 - 1


def event_seconds(time_stamp: object) -> int | None:
    """Seconds since 1970 that a `time_stamp` means, its fraction cut off; None where it is no number.

    A number may come as text, with white space around it and an exponent: `1789000481`, `"1789000481"` and
    `1.789000481e9` are one instant. A boolean, a list or an object is no time. Whether the time is one that the
    warehouse takes is another question: any that 64 bits hold is returned.
    """
    kind = type(time_stamp)
    if kind is int:
        return _in_range(time_stamp)  # type: ignore[arg-type]
    if kind is str:
        text = time_stamp.strip(_WHITE_SPACE)  # type: ignore[attr-defined]
        return _whole(float(text)) if len(text) <= _LONGEST_NUMBER and _DECIMAL.fullmatch(text) else None
    if isinstance(time_stamp, float):
        return _whole(time_stamp)
    # BSON's 64-bit integer is an int of another class.
    return _in_range(int(time_stamp)) if isinstance(time_stamp, int) and kind is not bool else None


def _whole(seconds: float) -> int | None:
    return _in_range(int(seconds)) if float(_MIN_SECONDS) <= seconds < float(_MAX_SECONDS) else None


def _in_range(seconds: int) -> int | None:
    return seconds if _MIN_SECONDS <= seconds <= _MAX_SECONDS else None
