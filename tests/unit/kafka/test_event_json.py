"""Which bytes are an event, and which are a data error with what reason."""

import pytest

from kafka.dead_letter_reasons import EventError, Reason
from kafka.event_json import MAX_DEPTH, MAX_EVENT_BYTES, decode_event


def nested(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


BAD = [
    (None, Reason.NULL_VALUE),
    (b"", Reason.EMPTY_VALUE),
    (b" \r\n\t", Reason.EMPTY_VALUE),
    (b"not json", Reason.NOT_JSON),
    (b'{"a":1} {"b":2}', Reason.NOT_JSON),
    (b'{"a":1', Reason.NOT_JSON),
    (b"\xef\xbb\xbf{}", Reason.NOT_JSON),
    (b'{"a":"line\nfeed"}', Reason.NOT_JSON),
    (b"[1, 2]", Reason.NOT_AN_OBJECT),
    (b"null", Reason.NOT_AN_OBJECT),
    (b"12", Reason.NOT_AN_OBJECT),
    (b'"text"', Reason.NOT_AN_OBJECT),
    (b'{"a":"\xff"}', Reason.INVALID_UTF8),
    (b'{"a":"\xed\xa0\x80"}', Reason.INVALID_UTF8),
    (b'{"a":"\\ud800"}', Reason.LONE_SURROGATE),
    (b'{"a":"\\udc00\\ud800"}', Reason.LONE_SURROGATE),
    (b'{"\\ud800":1}', Reason.LONE_SURROGATE),
    (b'{"a":NaN}', Reason.NOT_A_NUMBER),
    (b'{"a":-Infinity}', Reason.NOT_A_NUMBER),
    (b'{"a":1e999}', Reason.NOT_A_NUMBER),
    (b'{"a":9223372036854775808}', Reason.INTEGER_OUT_OF_RANGE),
    (b'{"a":[{"b":-9223372036854775809}]}', Reason.INTEGER_OUT_OF_RANGE),
    (b'{"a":1' + b"0" * 5000 + b"}", Reason.INTEGER_OUT_OF_RANGE),
    (b'{"a":[{"b\\u0000":1}]}', Reason.REFUSED_KEY),
    (nested(MAX_DEPTH + 1), Reason.TOO_DEEP),
    (nested(5000), Reason.TOO_DEEP),
    (nested(1000)[:-1], Reason.TOO_DEEP),
    (b'{"a":"' + b"x" * MAX_EVENT_BYTES + b'"}', Reason.TOO_LARGE),
]


@pytest.mark.parametrize(("value", "reason"), BAD, ids=lambda part: repr(part)[:30])
def test_a_bad_record_is_refused_with_its_reason(value: bytes | None, reason: Reason) -> None:
    with pytest.raises(EventError) as refused:
        decode_event(value)
    assert refused.value.reason == reason
    assert refused.value.detail


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (b"{}", {}),
        (b'{"a":9223372036854775807,"b":-9223372036854775808}', {"a": 2**63 - 1, "b": -(2**63)}),
        (b'{"a":"99999999999999999999999"}', {"a": "9" * 23}),
        (b'{"a":99999999999999999999999.5}', {"a": 1e23}),
        (b'{"a":"\\u0000"}', {"a": "\0"}),
        (b'{"":1,"$a":2,"a.b":3}', {"": 1, "$a": 2, "a.b": 3}),
        ('{"a":"\U0001f600"}'.encode(), {"a": "\U0001f600"}),
        (b'{"a":"[[[{{{"}', {"a": "[[[{{{"}),
    ],
    ids=lambda part: repr(part)[:30],
)
def test_a_sound_record_is_decoded_as_sent(value: bytes, event: dict[str, object]) -> None:
    assert decode_event(value) == event


def test_the_deepest_allowed_nesting_is_an_event() -> None:
    assert "a" in decode_event(nested(MAX_DEPTH))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(decode_event(b'{"a":[' + b"[]," * 500 + b"[]]}")["a"]) == 501


def test_of_a_repeated_key_the_last_value_counts() -> None:
    assert decode_event(b'{"a":1,"a":2}') == {"a": 2}


def test_a_record_that_is_too_large_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("kafka.event_json.orjson")
    with pytest.raises(EventError) as refused:
        decode_event(b" " * (MAX_EVENT_BYTES + 1))
    assert refused.value.reason is Reason.TOO_LARGE
