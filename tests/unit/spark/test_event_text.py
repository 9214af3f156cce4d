"""What the warehouse keeps of an event as text: options, campaigns, a hash of the content, a masked original."""

import json

import pytest

from kafka.visitor import identity, identity_hash, owner_hash
from spark.event_text import (
    LONGEST_CAMPAIGN,
    campaign,
    content_hash,
    masked_json,
    options_json,
    scrubbed_again,
)
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN

KEY = b"k" * 32


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
    masked = {"ip": "***", "email_address": "", "product_id": "1"}
    user = owner_hash(event, KEY)
    assert json.loads(masked_json(event, KEY)) == {**masked, "user_id_db": user}
    nested = {"more": {**event, "ips": [{"ip": "189.208.93.0"}]}}
    assert json.loads(masked_json(nested, KEY)) == {"more": {**masked, "user_id_db": "***", "ips": [{"ip": "***"}]}}


@pytest.mark.parametrize("user", ["4711", 4711, 4711.0, " 4711 ", 0, True, ["a"], None, "", "***"])
def test_a_rejected_original_tells_its_user_by_the_hash_however_often_it_is_scrubbed(user: object) -> None:
    event = {"user_id_db": user, "current_url": "/ring.html", "device_id": "d"}
    found = masked_json(event, KEY)
    known = identity_hash(identity(user), KEY)
    assert json.loads(found)["user_id_db"] == (known or user)
    assert scrubbed_again(found) == found
    assert json.loads(scrubbed_again(found.replace("/ring.html", ADDRESS)))["user_id_db"] == (known or user)


def test_an_original_of_before_is_scrubbed_as_a_whole() -> None:
    stored = [{"user_id_db": user, "ip": "189.208.93.0"} for user in ("***", "4711", 4711)]
    assert {scrubbed_again(json.dumps(each)) for each in stored} == {'{"user_id_db":"***","ip":"***"}'}
    assert scrubbed_again("null") == "null"


@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_a_rejected_original_holds_no_address_and_no_token(sent: str) -> None:
    found = masked_json({"current_url": sent, "user": {"x": [sent], sent: "y"}, "device_id": "d", "id": "i"}, KEY)
    assert not any(secret in found for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN))
    assert (json.loads(found)["device_id"], json.loads(found)["id"]) == ("d", "i")


def test_a_campaign_is_scrubbed_before_it_is_cut() -> None:
    assert campaign("x " * 95 + "4111 1111 1111 1111") == ("x " * 95 + "***")
