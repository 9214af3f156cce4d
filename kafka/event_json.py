"""Strict decoding of an event: the checks of its bytes, for every sink alike; `dead_letter_reasons` names the faults.

The fast path is orjson plus three searches over the raw bytes (2 us together on a record of 900 bytes); what they
flag, and what orjson refuses, is decided by exact but slower code. Repeated keys are legal JSON (RFC 8259,
section 4): as in orjson, the last value counts.
"""

import json
from typing import Any

import orjson

from kafka.dead_letter_reasons import EventError, Reason

MAX_EVENT_BYTES = 16 * 1024 * 1024
"""MongoDB's limit for one document (docs: MongoDB Limits and Thresholds)."""
MAX_DEPTH = 99
"""Containers within containers: MongoDB documents 100 levels, and the landed document wraps the event in one."""
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1

_DIGITS_AS_ZERO = bytes(ord("0") if chr(code) in "0123456789" else code for code in range(256))
_NINETEEN_DIGITS = b"0" * 19  # 2**63 is the first integer beyond the range, and it has nineteen digits
_ESCAPED_NUL = b"\\u0000"


def decode_event(value: bytes | None) -> dict[str, Any]:
    """The JSON object that `value` holds; raises EventError with the reason for anything else."""
    if value is not None and len(value) > MAX_EVENT_BYTES:  # before decoding: it takes up to thirty times as much
        raise EventError(Reason.TOO_LARGE, f"{len(value)} bytes, at most {MAX_EVENT_BYTES}")
    try:
        event = orjson.loads(value)  # type: ignore[arg-type]  # None is refused like any other non-JSON
    except orjson.JSONDecodeError as error:
        raise why_not_json(value, str(error)) from None
    if type(event) is not dict:
        raise EventError(Reason.NOT_AN_OBJECT, f"the value is a JSON {json_type(event)}")
    check_limits(value, event)  # type: ignore[arg-type]  # orjson has accepted it
    return event


def check_limits(value: bytes, event: dict[str, Any]) -> None:
    """Raises EventError where a JSON object, decoded from `value`, cannot be stored as it is."""
    if value.count(b"{") + value.count(b"[") > MAX_DEPTH and (depth := _depth(event)) > MAX_DEPTH:
        raise EventError(Reason.TOO_DEEP, f"{depth} levels, at most {MAX_DEPTH}")
    if _NINETEEN_DIGITS in value.translate(_DIGITS_AS_ZERO):
        json.loads(value, parse_int=_integer_in_range)
    if _ESCAPED_NUL in value and _has_nul_key(event):
        raise EventError(Reason.REFUSED_KEY, "a key holds a NUL character")


def why_not_json(value: bytes | None, problem: str) -> EventError:
    """The reason for bytes that orjson refuses; `problem` is what it says."""
    if value is None:
        return EventError(Reason.NULL_VALUE, "the record has no value")
    if not value.strip():
        return EventError(Reason.EMPTY_VALUE, "the value is empty or white space")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        return EventError(Reason.INVALID_UTF8, f"byte {error.start} is not valid UTF-8")
    if "depth limit" in problem:
        return EventError(Reason.TOO_DEEP, f"more than 1024 levels, at most {MAX_DEPTH}")
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer_in_range)
    except EventError as error:
        return error
    except RecursionError:
        return EventError(Reason.TOO_DEEP, f"more levels than can be read, at most {MAX_DEPTH}")
    except ValueError:
        return EventError(Reason.NOT_JSON, problem)
    # The standard library reads it: what orjson alone refuses are halves of surrogate pairs.
    return EventError(Reason.LONE_SURROGATE if "surrogate" in problem else Reason.NOT_JSON, problem)


def _refuse_constant(name: str) -> None:
    raise EventError(Reason.NOT_A_NUMBER, f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise EventError(Reason.NOT_A_NUMBER, f"{digits[:40]} is infinite as a 64-bit float")
    return number


def _integer_in_range(digits: str) -> int:
    # Twenty characters hold the sign and nineteen digits; int() refuses texts of thousands of digits.
    number = int(digits) if len(digits) <= 20 else MAX_INTEGER + 1
    if not MIN_INTEGER <= number <= MAX_INTEGER:
        raise EventError(Reason.INTEGER_OUT_OF_RANGE, f"{digits[:40]} does not fit into 64 bits")
    return number


def json_type(value: Any) -> str:
    """What JSON calls it."""
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return [child for child in inner if isinstance(child, dict | list)]


def _depth(event: dict[str, Any]) -> int:
    level, depth = [event], 0
    while level:
        depth += 1
        level = [child for container in level for child in _children(container)]
    return depth


def _has_nul_key(event: dict[str, Any]) -> bool:
    level = [event]
    while level:
        if any("\0" in key for container in level if isinstance(container, dict) for key in container):
            return True
        level = [child for container in level for child in _children(container)]
    return False
