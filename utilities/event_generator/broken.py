"""Records that are no event: what a bus carries when a producer is faulty, by the name of the fault.

Every value is one line, so that a file of events can carry it; a null value is an empty line there.
"""

import random
from collections.abc import Callable

import orjson

from utilities.event_generator.records import Event

Breakage = Callable[[Event], bytes | None]


def _with_field(field: bytes, value: bytes) -> Breakage:
    def broken(event: Event) -> bytes:
        return orjson.dumps(event)[:-1] + b',"' + field + b'":' + value + b"}"

    return broken


def _value(value: bytes | None) -> Breakage:
    return lambda event: value


def _truncated(event: Event) -> bytes:
    return orjson.dumps(event)[:200]


def _two_events(event: Event) -> bytes:
    return orjson.dumps(event) * 2


def _utf16(event: Event) -> bytes:
    # A short text of ASCII only: the UTF-16 code of no character in it holds the byte of a line feed.
    return orjson.dumps({"collection": event["collection"]}).decode().encode("utf-16-be")


def _in_a_list(event: Event) -> bytes:
    return orjson.dumps([event])


def _nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


BREAKAGES: dict[str, Breakage] = {
    "null value": _value(None),
    "empty value": _value(b""),
    "white space": _value(b"  \t "),
    "error page": _value(b"<html><head><title>502 Bad Gateway</title></head></html>"),
    "truncated": _truncated,
    "two events in one": _two_events,
    "JSON null": _value(b"null"),
    "JSON number": _value(b"42"),
    "JSON text": _value(b'"view_product_detail"'),
    "event in a list": _in_a_list,
    "invalid UTF-8": _with_field(b"comment", b'"caf\xe9 \xff\xfe"'),
    "UTF-16": _utf16,
    "lone surrogate": _with_field(b"comment", b'"\\ud83d"'),
    "integer beyond 64 bits": _with_field(b"order_id", b"18446744073709551616"),
    "negative integer beyond 64 bits": _with_field(b"order_id", b"-9223372036854775809"),
    "NaN": _with_field(b"price", b"NaN"),
    "Infinity": _with_field(b"price", b"-Infinity"),
    "number beyond a double": _with_field(b"price", b"1e999"),
    "key with NUL": _with_field(b"a\\u0000b", b"1"),
    "nesting too deep": _with_field(b"option", _nested(150)),
    "nesting far too deep": _with_field(b"option", _nested(3_000)),
}
"""`name of the fault -> function of a sound event`; none of the results can be landed as a document."""


def any_broken(event: Event, rng: random.Random) -> bytes | None:
    """The event with one of the faults."""
    return rng.choice(tuple(BREAKAGES.values()))(event)
