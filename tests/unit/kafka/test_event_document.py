"""The searchable fields of an event, and the month it is indexed under."""

import json
from typing import Any

import pytest

from config.settings import PROJECT_ROOT
from kafka.event_text import LONGEST_TEXT
from kafka.sinks.event_document import event_document, event_time_ms, index_name
from kafka.visitor import keyed_hash
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN

BUS = {"topic": "t", "partition": 1, "offset": 2, "timestamp": 3}
BUS_TIME_MS = 1_753_369_484_000
KEY = b"a key of at least sixteen characters"


def document(**event: Any) -> dict[str, Any]:
    return event_document(event, 1, BUS, 4, KEY)


def test_every_field_is_mapped_by_the_template() -> None:
    text = (PROJECT_ROOT / "config" / "elasticsearch" / "index-template.json").read_text()
    mapped = json.loads(text)["template"]["mappings"]["properties"]
    names = "collection id product_id store_id current_url referrer_url device_id user_agent resolution utm_source"
    full = document(**dict.fromkeys([*names.split(), "utm_medium", "order_id"], "https://host/x"), recommendation=True)
    assert full.keys() == mapped.keys()
    assert full["kafka"].keys() == mapped["kafka"]["properties"].keys()
    assert mapped["event"] == {"type": "object", "enabled": False}


def test_the_event_is_kept_as_sent() -> None:
    event = {"utm_source": False, "email_address": "a@b.c", "option": {"x": [1]}, "": None}
    assert event_document(event, 1, BUS, 4, KEY)["event"] == event


@pytest.mark.parametrize("value", [None, "", False, ["1"], {"a": 1}])
def test_a_field_without_a_usable_value_is_missing(value: object) -> None:
    assert "product_id" not in document(product_id=value)


def test_numbers_become_the_texts_they_are_searched_as() -> None:
    assert document(product_id=86704)["product_id"] == "86704"


def test_texts_are_searched_as_the_warehouse_spells_them_and_as_far_as_it_does() -> None:
    found = document(store_id="a\0b", product_id="7" * 1_000_000)
    assert (found["store_id"], found["product_id"]) == ("a\ufffdb", "7" * LONGEST_TEXT)
    assert document(order_id="e" + "\u0301\u0327" * 1_000_000)["order_id"][:2] == "e\u0301"


def test_a_number_is_scrubbed_as_its_text_would_be() -> None:
    card = 4111111111111111
    names = ("current_url", "referrer_url", "user_agent", "utm_source", "utm_medium")
    for sent in (card, float(card), str(card)):
        found = document(**dict.fromkeys(names, sent), order_id=card)
        assert {found[name] for name in names} == {"***"}
        assert found["order_id"] == str(card)


def test_the_viewed_product_stands_in_on_recommendation_events() -> None:
    assert document(viewing_product_id="7")["product_id"] == "7"


def test_no_personal_data_is_searchable() -> None:
    found = document(email_address="a@b.c", user_id_db="17", ip="1.2.3.4", device_id="02928c22")
    del found["event"]
    assert found["guest"] is False
    assert not {"a@b.c", "17", "1.2.3.4", "02928c22"} & {str(value) for value in found.values()}


def test_a_device_is_one_however_its_id_was_sent_and_leads_to_no_other_hash_of_it() -> None:
    found = {document(device_id=sent)["device_id"] for sent in ("17", " 17", 17, 17.0)}
    assert len(found) == 1
    assert found.isdisjoint({keyed_hash(b"17", KEY), document(device_id="18")["device_id"]})
    assert "device_id" not in document(device_id="")


@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_no_address_and_no_token_is_searchable(sent: str) -> None:
    names = "collection id product_id store_id current_url referrer_url device_id user_agent resolution utm_source"
    found = document(**dict.fromkeys([*names.split(), "utm_medium", "order_id"], sent), key_search=sent)
    assert found.pop("event")["key_search"] == sent
    assert not any(secret in str(found) for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Shop.example.com.mx/anillo?x=https://other/", "www.shop.example.com.mx"),
        ("http://user:pw@host:8080/", "host"),
        ("http://[2001:db8::1]:80/x", "[2001:db8::1]"),
        ("http://host?query", "host"),
        ("http:\\\\host\\reset\\5f2c9", "host"),
        ("http://host\\reset", "host"),
        ("file:///home/x.html", None),
        ("/path/only", None),
        ("", None),
    ],
)
def test_the_host_is_taken_from_the_url(url: str, host: str | None) -> None:
    assert document(current_url=url).get("host") == host


@pytest.mark.parametrize("time_stamp", [None, "soon", True, 1.5, -1, 0, 99_999_999_999, 1_753_369_484_000])
def test_an_unusable_event_time_gives_way_to_the_bus_time(time_stamp: object) -> None:
    assert event_time_ms({"time_stamp": time_stamp}, BUS_TIME_MS) == BUS_TIME_MS


def test_the_index_never_depends_on_the_present() -> None:
    assert index_name("product-views", event_time_ms({}, -1)) == "product-views-1970.01"


def test_the_month_is_that_of_the_event_in_utc() -> None:
    assert index_name("product-views", event_time_ms({"time_stamp": 1_585_699_199}, 0)) == "product-views-2020.03"
    assert index_name("product-views", event_time_ms({"time_stamp": 1_585_699_200}, 0)) == "product-views-2020.04"
