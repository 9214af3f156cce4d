"""What the warehouse keeps of an event as text: options, campaigns, a hash of the content, a masked original."""

import json

import pytest

from spark.event_text import LONGEST_CAMPAIGN, campaign, content_hash, masked_json, options_json
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN


def test_options_are_json_that_postgresql_takes() -> None:
    assert options_json([{"option_label": "alloy", "value_label": ""}]) == '[{"option_label":"alloy","value_label":""}]'
    assert options_json({"alloy": "a\0b"}) == '{"alloy":"a\ufffdb"}'
    nothing: list[object] = [None, [], {}, "", "text", 1]
    assert [options_json(value) for value in nothing] == [None] * 6


def test_a_campaign_that_is_false_is_none() -> None:
    assert [campaign(value) for value in (False, None, " mail ", True)] == [None, None, "mail", "true"]


def test_a_campaign_is_cut_where_it_is_read() -> None:
    assert campaign("x" * 4_000) == "x" * LONGEST_CAMPAIGN


def test_equal_content_has_one_hash_whatever_the_order_of_its_keys() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1}) != content_hash({"a": 1, "b": 3})


def test_a_rejected_original_shows_no_personal_field() -> None:
    event = {"ip": "189.208.93.0", "user_id_db": "42", "email_address": "", "product_id": "1"}
    masked = {"ip": "***", "user_id_db": "***", "email_address": "", "product_id": "1"}
    assert json.loads(masked_json(event)) == masked
    nested = {"more": {**event, "ips": [{"ip": "189.208.93.0"}]}}
    assert json.loads(masked_json(nested)) == {"more": {**masked, "ips": [{"ip": "***"}]}}


@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_a_rejected_original_holds_no_address_and_no_token(sent: str) -> None:
    found = masked_json({"current_url": sent, "user": {"x": [sent], sent: "y"}, "device_id": "d", "id": "i"})
    assert not any(secret in found for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN))
    assert (json.loads(found)["device_id"], json.loads(found)["id"]) == ("d", "i")


def test_a_campaign_is_scrubbed_before_it_is_cut() -> None:
    assert campaign("x " * 95 + "4111 1111 1111 1111") == ("x " * 95 + "***")
