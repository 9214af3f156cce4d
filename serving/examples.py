"""What the OpenAPI description shows: examples that run, and every answer."""

from typing import Any

from serving.events import MOST_EVENTS
from serving.problem import PROBLEM_JSON, Code

READING = {"device_id": "sensor-17", "temperature": 21.4, "humidity": 48.2}
TIMED_READING = {**READING, "timestamp": "2026-01-03T10:15:00Z"}
CLICK = {
    "click_id": "018f3c5e-7c1a-7d3b-9b1e-0a4b8f6d2c11",
    "user_id": "u-1001",
    "page_url": "https://shop.example/rings/gold",
    "timestamp": "2026-01-03T10:15:00Z",
}
_PLACE = {"topic": "sensor-readings", "partition": 1, "offset": 4711}
_TAKEN = {"index": 0, "status": 202, "id": "sensor-17 2026-01-03T10:15:00Z", **_PLACE}
_BROKEN = {"field": "humidity", "code": "maximum", "detail": "must be at most 100"}
_REFUSED = {"index": 1, "status": 422, "kept": True, "errors": [_BROKEN]}
_ANSWERS = {
    "202": ("Every event is on the bus, with all in-sync replicas", {"accepted": 1, "refused": 0, "events": [_TAKEN]}),
    "207": (
        "Valid events are on the bus; the others are kept as failed events",
        {"accepted": 1, "refused": 1, "events": [_TAKEN, _REFUSED]},
    ),
}
_PROBLEM = {
    "type": "/problems#invalid_event",
    "title": Code.INVALID_EVENT.value[1],
    "status": 422,
    "code": Code.INVALID_EVENT.code,
    "detail": "nothing went onto the bus; kept as a failed event",
    "events": [{**_REFUSED, "index": 0}],
    "errors": [{"index": 0, **_BROKEN}],
}
_WITH_RETRY_AFTER = {429, 503}


def answers() -> dict[int | str, dict[str, Any]]:
    """The answers of a door, by status."""
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "content": {"application/json": {"example": example}}}
        for status, (text, example) in _ANSWERS.items()
    }
    for status in sorted({int(code.value[0]) for code in Code} - {404, 405, 500}):
        titles = "; ".join(f"`{code.code}`: {code.value[1]}" for code in Code if code.value[0] == status)
        found[str(status)] = {"description": titles, "content": {PROBLEM_JSON: {"example": _example(status)}}}
        if status in _WITH_RETRY_AFTER:
            header = {"description": "Seconds after which to send it again", "schema": {"type": "integer"}}
            found[str(status)]["headers"] = {"Retry-After": header}
    return found


def _example(status: int) -> dict[str, Any]:
    if status == _PROBLEM["status"]:
        return _PROBLEM
    code = next(code for code in Code if code.value[0] == status)
    title = code.value[1]
    return {"type": f"/problems#{code.code}", "title": title, "status": status, "code": code.code, "detail": "..."}


def body(kind: str, examples: dict[str, Any], takes_lists: bool = True) -> dict[str, Any]:
    """The body that a door takes."""
    one = {"type": "object"}
    schema = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_EVENTS}]}
    shown = {name: {"value": value} for name, value in examples.items()}
    content = {kind: {"schema": schema if takes_lists else one, "examples": shown}}
    return {"requestBody": {"required": True, "content": content}}


READING_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["device_id", "temperature", "humidity"],
    "properties": {
        "device_id": {"type": "string"},
        "temperature": {"type": "number", "description": "Degrees Celsius"},
        "humidity": {"type": "number", "description": "Relative humidity in percent"},
        "timestamp": {"type": "string", "format": "date-time", "description": "Default: when it arrived"},
    },
}
