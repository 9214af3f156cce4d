"""Any value of an event to text, and the visitor to a hash."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from spark.event_text import (
    LONGEST_TEXT,
    as_json,
    as_text,
    campaign,
    content_hash,
    masked_json,
    options_json,
    visitor_hash,
)

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


def test_options_are_json_that_postgresql_takes() -> None:
    assert options_json([{"option_label": "alloy", "value_label": ""}]) == '[{"option_label":"alloy","value_label":""}]'
    assert options_json({"alloy": "a\0b"}) == '{"alloy":"a\ufffdb"}'
    nothing: list[object] = [None, [], {}, "", "text", 1]
    assert [options_json(value) for value in nothing] == [None] * 6
    assert as_json("back\\u0000slash") == '"back\\\\u0000slash"'


def test_a_campaign_that_is_false_is_none() -> None:
    assert [campaign(value) for value in (False, None, "mail", True)] == [None, None, "mail", "true"]


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
def test_a_visitor_is_the_keyed_hash_of_the_user_else_of_the_device(
    event: dict[str, Any], identity: str | None
) -> None:
    expected = identity and hmac.new(KEY, identity.encode(), hashlib.sha256).hexdigest()[:32]
    assert visitor_hash(event, KEY) == expected


def test_equal_content_has_one_hash_whatever_the_order_of_its_keys() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1}) != content_hash({"a": 1, "b": 3})


def test_a_rejected_original_shows_no_personal_field() -> None:
    event = {"ip": "189.208.93.0", "user_id_db": "42", "email_address": "", "product_id": "1"}
    masked = {"ip": "***", "user_id_db": "***", "email_address": "", "product_id": "1"}
    assert json.loads(masked_json(event)) == masked
