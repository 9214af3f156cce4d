"""Landed documents to the columns of RAW_EVENT."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kafka.event_text import as_text
from kafka.position import bus_position
from kafka.sinks.landed_documents import LandedEvent
from kafka.visitor import identity_hash
from spark.ranges import Portion
from spark.reader import bus_milliseconds, event_batch, event_kind, may_lie_within
from spark.schemas import CART, ORDER, PRODUCT_VIEW, RAW_EVENT, SEARCH, UNKNOWN_KIND
from tests.personal_texts import ADDRESS, ENCODED_ADDRESS, PERSONAL_TEXTS, TOKEN

PORTION = Portion("product_views", 2, 0, range(100))


def read(event: dict[str, Any], kind: str = PRODUCT_VIEW) -> dict[str, Any]:
    landed = LandedEvent(bus_position("product_views", 2, 41), {**event, "collection": kind}, 1)
    (row,) = event_batch(PORTION, [landed], b"k").to_pylist()
    return dict(row)


def test_a_row_stands_at_its_position_and_holds_no_personal_field() -> None:
    event = {"id": "x", "ip": "189.208.93.7", "user_id_db": "user-42", "email_address": "a@b.example"}
    row = read(event)
    assert (row["topic"], row["partition"], row["offset"]) == ("product_views", 2, 41)
    assert not {"189.208.93.7", "user-42", "a@b.example"} & {str(value) for value in row.values()}


def test_a_visitor_is_the_device_whoever_uses_it_and_the_user_stands_beside_it() -> None:
    device, user = (identity_hash(identity, b"k") for identity in ("d", "42"))
    guest, logged_in = read({"device_id": " d"}), read({"device_id": "d", "user_id_db": 42})
    assert (guest["visitor"], guest["user_hash"]) == (device, None)
    assert (logged_in["visitor"], logged_in["user_hash"]) == (device, user)
    nameless = read({"user_id_db": "42"})
    assert (nameless["visitor"], nameless["user_hash"]) == (user, user)
    assert read({"device_id": " ", "user_id_db": ""})["visitor"] is None


@pytest.mark.parametrize("kind", [PRODUCT_VIEW, CART, ORDER, SEARCH])
@pytest.mark.parametrize("sent", PERSONAL_TEXTS)
def test_no_address_and_no_token_leaves_the_reader(sent: str, kind: str) -> None:
    names = "store_id product_id viewing_product_id recommendation_product_id current_url referrer_url utm_source"
    event = dict.fromkeys([*names.split(), "utm_medium", "order_id", "key_search", "currency"], sent)
    option = [{"option_label": "alloy", "value_label": sent}, {"option_label": sent, "value_id": "1"}]
    line = {"product_id": sent, "price": 1, "currency": sent, "option": option}
    row = str(read({**event, "price": 1, "option": option, "cart_products": [line]}, kind))
    assert not any(secret in row for secret in (ADDRESS, ENCODED_ADDRESS, TOKEN))


def test_a_device_is_known_by_its_hash_and_its_id_stands_apart() -> None:
    row = read({"device_id": " d1 ", "user_id_db": "7"})
    assert (row["device_id"], row["raw_device_id"]) == (identity_hash("d1", b"k"), "d1")
    assert row["device_id"] == row["visitor"] == read({"device_id": "d1"})["visitor"]
    for nobody in (None, "", "d" * 101):
        row = read({"device_id": nobody})
        assert (row["device_id"], row["raw_device_id"]) == (None, "")


SENT = (*RAW_EVENT.names, "_id", "option", "user_id_db", "cart_products", "key_search", "viewing_product_id")


@pytest.mark.parametrize("kind", [PRODUCT_VIEW, CART, ORDER, SEARCH])
@pytest.mark.parametrize("odd", [None, 1, 1.5, True, [], {}, [None], {"a": {"b": []}}, "\0", "x" * 100_000])
def test_no_value_of_any_type_stops_the_reader(odd: object, kind: str) -> None:
    row = read(dict.fromkeys(SENT, odd), kind)
    assert all(value is None or isinstance(value, str | int) for value in row.values())


@pytest.mark.parametrize("odd", [1, 1.5, True, [], {"a": 1}, "\0", "a\x02b", "x" * 100_000, None, ""])
def test_a_value_is_read_the_same_whatever_stands_beside_it(odd: object) -> None:
    """A column is converted at once where all of it is plain text, else value by value."""
    events = [{"collection": PRODUCT_VIEW, "user_agent": value} for value in ("plain", odd)]
    landed = [LandedEvent(bus_position("product_views", 2, n), event, 1) for n, event in enumerate(events)]
    assert event_batch(PORTION, landed, b"k")["user_agent"].to_pylist() == ["plain", as_text(odd)]


def test_only_an_event_without_any_id_is_known_by_its_content() -> None:
    assert read({"id": "x"})["content_hash"] is None
    assert read({"_id": {"$oid": "5ec8015d71a3b936be7dc56d"}})["object_id"] == "5ec8015d71a3b936be7dc56d"
    assert len(read({"product_id": "1"})["content_hash"]) == 32


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"collection": PRODUCT_VIEW}, PRODUCT_VIEW),
        ({"collection": "checkout"}, "checkout"),
        ({"collection": "made up"}, UNKNOWN_KIND),
        ({"collection": ["checkout"]}, UNKNOWN_KIND),
        ({}, UNKNOWN_KIND),
        (None, UNKNOWN_KIND),
    ],
)
def test_every_event_is_of_a_known_kind_or_of_the_unknown_one(event: object, kind: str) -> None:
    assert event_kind(event) == kind


@pytest.mark.parametrize(
    ("timestamp", "milliseconds"),
    [
        (1753369484123, 1753369484123),
        (datetime(2025, 7, 24, 15, 4, 44, tzinfo=UTC), 1753369484000),
        (datetime(2025, 7, 24, 15, 4, 44), 1753369484000),
        (-1, None),
        (None, None),
    ],
)
def test_the_bus_time_is_milliseconds_or_unknown(timestamp: object, milliseconds: int | None) -> None:
    assert bus_milliseconds(timestamp) == milliseconds


@pytest.mark.parametrize(
    ("sent", "may"), [(99, False), (100, True), (199.5, True), (200, False), ("99", True), (None, True), (True, False)]
)
def test_only_an_event_whose_time_surely_lies_outside_is_left_out(sent: object, may: bool) -> None:
    assert may_lie_within({"time_stamp": sent}, (100, 200)) is may


def test_a_recommendation_is_about_the_product_being_viewed() -> None:
    event = {"viewing_product_id": "7", "recommendation_product_id": "8", "recommendation_clicked_position": 3}
    row = read(event, "product_detail_recommendation_clicked")
    assert (row["product_id"], row["recommended_product_id"], row["recommendation_position"]) == ("7", "8", "3")
