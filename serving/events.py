"""A request's body as events: each with its bytes as they were sent, and the verdict of its feed's declaration."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from kafka.dead_letter_reasons import EventError, Reason
from kafka.event_json import check_limits, json_type, why_not_json
from kafka.feeds.feed import Feed
from serving.problem import Code, FieldError, Problem

MOST_EVENTS = 1000
"""In one list."""
# What may end an element of a list, and texts, in which the same characters end nothing.
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},]', re.DOTALL)


class SentEvent(NamedTuple):
    """One event of a body: its bytes, and what they mean, whatever it is."""

    value: bytes
    event: Any


@dataclass(slots=True)
class Verdict:
    """What is to become of one event: onto the bus where `errors` is empty, else kept as a dead letter of `reason`."""

    index: int
    value: bytes
    key: bytes | None
    event_id: str | None
    errors: Sequence[FieldError] = ()
    reason: str = ""
    is_no_json: bool = False

    @property
    def is_valid(self) -> bool:
        """Whether it may go onto the bus."""
        return not self.errors

    @property
    def detail(self) -> str:
        """All errors in one line."""
        return "; ".join(f"{error.field}: {error.detail}" if error.field else error.detail for error in self.errors)


def read_events(body: bytes) -> list[SentEvent]:
    """The events of a body: an object, or a list of at most 1,000 of whatever its elements are.

    Raises EventError where the body is not JSON, Problem where it is neither, empty, or too long.
    """
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise why_not_json(body, str(error)) from None
    if type(read) is dict:
        return [SentEvent(body, read)]
    if type(read) is not list:
        raise Problem(Code.NO_EVENTS, f"the body is a JSON {json_type(read)}")
    if not read:
        raise Problem(Code.NO_EVENTS, "the list is empty")
    if len(read) > MOST_EVENTS:
        raise Problem(Code.TOO_MANY_EVENTS, f"{len(read):,} events, at most {MOST_EVENTS:,}; nothing was taken")
    return [SentEvent(value, event) for value, event in zip(elements(body, read), read, strict=True)]


def elements(body: bytes, read: Sequence[object]) -> list[bytes]:
    """The bytes of each element of a list of JSON, which `read` is."""
    written = [orjson.dumps(each) for each in read]
    if b"[%b]" % b",".join(written) == body:
        return written
    return _cut(body)


def _cut(body: bytes) -> list[bytes]:
    found, depth, begin = [], 0, 0
    for token in _TOKENS.finditer(body):
        sign = token[0]
        if depth == 1 and sign in (b",", b"]"):
            found.append(body[begin : token.start()].strip())
            begin = token.end()
        if sign in (b"[", b"{"):
            depth += 1
            begin = token.end() if depth == 1 else begin
        elif sign in (b"]", b"}"):
            depth -= 1
    return found


def judge(index: int, sent: SentEvent, feed: Feed, now_ms: int) -> Verdict:
    """The verdict on the event at `index` of a request that came at `now_ms`, milliseconds since 1970."""
    value, event = sent
    try:
        if type(event) is not dict:
            raise EventError(Reason.NOT_AN_OBJECT, f"the event is a JSON {json_type(event)}")
        check_limits(value, event)
    except EventError as error:
        return unreadable(index, value, error)
    broken = [FieldError(index, each.field, each.rule, each.text) for each in feed.validate(event, now_ms)]
    reason = Reason.AGAINST_DECLARATION if broken else ""
    return Verdict(index, value, feed.key_of(event), feed.id_of(event), broken, reason)


def unreadable(index: int, value: bytes, error: EventError, is_no_json: bool = False) -> Verdict:
    """The verdict on bytes that are no event at all."""
    errors = [FieldError(index, "", error.reason, error.detail)]
    return Verdict(index, value, None, None, errors, error.reason, is_no_json)
