"""What is wrong with one value, by the declaration of its field."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from ipaddress import ip_address
from math import isfinite
from typing import Any

from kafka.event_json import MAX_INTEGER, MIN_INTEGER
from kafka.event_text import LONGEST_TEXT, as_text
from kafka.event_time import event_seconds

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*")
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_LONGEST_TIMESTAMP = len("2026-01-31T12:00:00.123456789+00:00")
_SHOWN = 60
"""Characters of a value in the text of a violation."""


@dataclass(frozen=True)
class Violation:
    """What an event breaks: the field, the stable name of the rule, and a sentence without the field.

    The sentence shows the value unless that may tell of a person.
    """

    field: str
    rule: str
    text: str


@dataclass(frozen=True)
class Field:
    """A field of a feed's events, as declared; `reading` and `holds` are those of `FieldNotes`.

    Bounds are numbers; those of a timestamp are milliseconds since 1970.
    """

    name: str
    type: str
    description: str
    classification: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    values: tuple[str, ...] = ()
    reading: str = "strict"
    holds_address: bool = False

    def problem(self, sent: Any) -> Violation | None:
        """The first rule that the value breaks; null is as good as absent."""
        return None if self._is_plainly_right(sent) else self.first_problem(sent)

    @cached_property
    def _is_plainly_right(self) -> Callable[[Any], bool]:
        return _plain_check(self)

    def first_problem(self, sent: Any) -> Violation | None:
        """As `problem`, rule by rule, which takes five times as long."""
        value = self.read(sent)
        if value is None:
            if self.required and (sent is None or self.reading == "text"):
                return Violation(self.name, "required", "is required")
            if sent is None or self.reading in ("text", "any"):
                return None
            return Violation(self.name, "type", f"is to be {_NAMES[self.type]}{self._shown(sent)}")
        for rule, text in self._broken(value):
            return Violation(self.name, rule, f"{text}{self._shown(sent)}")
        return None

    def read(self, sent: Any) -> Any:
        """The value as it is checked and used; None where there is none of the declared kind.

        A timestamp is milliseconds since 1970, a time in seconds is whole seconds.
        """
        if sent is None or self.reading == "any":
            return None
        if self.reading == "text":
            return (as_text(sent) or "").strip() or None
        if self.reading == "epochSeconds":
            return event_seconds(sent)
        return _READERS[self.type](sent)

    def milliseconds(self, sent: Any) -> int | None:
        """The instant that a field of time tells; None where it is none, or out of bounds."""
        value = self.read(sent)
        if value is None or self.problem(sent) is not None:
            return None
        return int(value) * 1000 if self.reading == "epochSeconds" else int(value)

    def _broken(self, value: Any) -> Iterator[tuple[str, str]]:
        """Rule and sentence of each rule that a value of the declared kind breaks."""
        if isinstance(value, str):
            yield from self._broken_by_text(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if self.minimum is not None and value < self.minimum:
                yield "minimum", f"is to be at least {self._bound(self.minimum)}"
            if self.maximum is not None and value > self.maximum:
                yield "maximum", f"is to be at most {self._bound(self.maximum)}"

    def _broken_by_text(self, text: str) -> Iterator[tuple[str, str]]:
        if self.min_length is not None and len(text) < self.min_length:
            yield "min_length", f"is to have at least {self.min_length} characters"
        if self.max_length is not None and len(text) > self.max_length:
            yield "max_length", f"is to have at most {self.max_length} characters"
        if self.format in _FORMATS and not _FORMATS[self.format](text):
            yield "format", f"is to be {_FORMAT_NAMES[self.format]}"
        if self.pattern is not None and not _compiled(self.pattern).fullmatch(text):
            yield "pattern", f"is to match {self.pattern}"
        if self.values and text not in self.values:
            yield "valid_values", f"is to be one of {', '.join(self.values)}"

    def _shown(self, value: Any) -> str:
        if self.classification in ("identifier", "personal"):
            return ""
        text = as_text(value) or "empty"
        return f", and is {text if len(text) <= _SHOWN else f'{text[:_SHOWN]}...'}"

    def _bound(self, bound: float) -> str:
        return utc(bound) if self.type == "timestamp" else f"{bound:g}" if isinstance(bound, float) else str(bound)


def _plain_check(field: Field) -> Callable[[Any], bool]:
    """What says at a glance that a value breaks no rule; where it does not say so, the rules are asked."""
    is_free = field.reading == "any" or (field.reading == "text" and not _has_rules(field))
    if is_free and not (field.required and field.reading == "text"):
        return (lambda sent: sent is not None) if field.required else (lambda _: True)
    low = -sys.float_info.max if field.minimum is None else field.minimum
    high = sys.float_info.max if field.maximum is None else field.maximum
    if field.reading == "strict" and field.type == "number":
        return lambda sent: type(sent) in (int, float) and low <= sent <= high
    if field.reading == "strict" and field.type == "integer":
        least, most = max(low, MIN_INTEGER), min(high, MAX_INTEGER)
        return lambda sent: type(sent) is int and least <= sent <= most
    if field.reading == "strict" and field.type == "timestamp":
        return lambda sent: (at := timestamp_ms(sent)) is not None and low <= at <= high
    if field.reading == "strict" and field.type == "string":
        return _plain_text_check(field)
    return lambda _: False


def _plain_text_check(field: Field) -> Callable[[Any], bool]:
    shortest = field.min_length or 0
    longest = LONGEST_TEXT if field.max_length is None else field.max_length
    if field.format is None and field.pattern is None and not field.values:
        return lambda sent: type(sent) is str and shortest <= len(sent) <= longest
    rules: list[Callable[[str], object]] = []
    if field.format in _FORMATS:
        rules.append(_FORMATS[field.format])
    if field.pattern is not None:
        rules.append(_compiled(field.pattern).fullmatch)
    if field.values:
        rules.append(frozenset(field.values).__contains__)
    return lambda sent: type(sent) is str and shortest <= len(sent) <= longest and all(rule(sent) for rule in rules)


def _has_rules(field: Field) -> bool:
    limits = (field.min_length, field.max_length, field.pattern, field.format)
    return bool(field.values) or any(limit is not None for limit in limits)


def timestamp_ms(text: Any) -> int | None:
    """Milliseconds since 1970 of a timestamp with its zone, as RFC 3339 has it; None for anything else."""
    return _instant(text) if type(text) is str and len(text) <= _LONGEST_TIMESTAMP else None


@lru_cache(maxsize=10_000)
def _instant(text: str) -> int | None:
    """An event's time is asked for several times, and events of one second come together."""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        # Beyond microseconds, digits are cut: fromisoformat would refuse them.
        whole = re.sub(r"(\.\d{6})\d+", r"\1", text.upper())
        return round(datetime.fromisoformat(whole).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def utc(milliseconds: float) -> str:
    """`2026-01-31T12:00:00Z`."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return value if is_number else None


def _integer(value: Any) -> int | None:
    """A whole number of 64 bits, which is what the stores hold; JSON may spell it 1e3."""
    number = _number(value)
    if number is None or number != int(number):
        return None
    return int(number) if MIN_INTEGER <= int(number) <= MAX_INTEGER else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


def _array(value: Any) -> list[Any] | None:
    return value if isinstance(value, list) else None


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "timestamp": timestamp_ms,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "object": _object,
    "array": _array,
}
_NAMES = {
    "string": "a text",
    "timestamp": "a time with its zone, such as 2026-01-31T12:00:00Z",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
}
_FORMATS: dict[str | None, Callable[[str], object]] = {
    "email": _EMAIL.fullmatch,
    "uuid": _UUID.fullmatch,
    "uri": _URI.fullmatch,
    "ip": _is_ip,
}
_FORMAT_NAMES: dict[str | None, str] = {
    "email": "an e-mail address",
    "uuid": "a UUID",
    "uri": "an address with its scheme",
    "ip": "an IPv4 or IPv6 address",
}
