"""Any value of an event to text, and the visitor to a hash."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from kafka.event_text import LONGEST_TEXT, as_json, as_text
from kafka.visitor import owner_hash

KEY = b"a key of the tests"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", ""),
        ("лв €", "лв €"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\0b\x02c", "a\ufffdb\ufffdc"),
        (1753369484, "1753369484"),
        (1753369484.0, "1753369484"),
        (12.5, "12.5"),
        (True, "true"),
        ([1, "a"], '[1,"a"]'),
        (datetime(2025, 7, 24, tzinfo=UTC), '"2025-07-24T00:00:00+00:00"'),
        (object, "\"<class 'object'>\""),
    ],
)
def test_any_value_becomes_text_by_a_rule(value: object, text: str | None) -> None:
    assert as_text(value) == text


def test_a_text_is_cut_to_a_bounded_length() -> None:
    assert as_text("x" * (LONGEST_TEXT + 1)) == "x" * LONGEST_TEXT


def test_json_is_what_postgresql_takes() -> None:
    assert as_json("back\\u0000slash") == '"back\\\\u0000slash"'


@pytest.mark.parametrize(
    ("event", "identity"),
    [
        ({"user_id_db": "42", "device_id": "d"}, "42"),
        ({"user_id_db": 42, "device_id": "d"}, "42"),
        ({"user_id_db": "", "device_id": "d"}, "d"),
        ({"user_id_db": " ", "device_id": "d"}, "d"),
        ({"device_id": ""}, None),
        ({}, None),
    ],
)
def test_an_event_is_owned_by_its_user_else_by_its_device(event: dict[str, Any], identity: str | None) -> None:
    expected = identity and hmac.new(KEY, identity.encode(), hashlib.sha256).hexdigest()[:32]
    assert owner_hash(event, KEY) == expected
