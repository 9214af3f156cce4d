"""Records of the feeds beside the main one: judged by their declaration, and told by what a window counts of them."""

import json
from typing import Any

import pytest

from kafka.feeds.declaration import load_feeds
from kafka.forgotten import Moments
from kafka.visitor import identity_hash
from spark.live.feed_rows import FORGOTTEN, FeedReader
from spark.live.measures import Cell, Step, cells_of, step_of, values_of
from tests.live_batches import MINUTE, at, record

FEEDS = load_feeds()
KEY = b"key of the visitors' hashes"
BUY = {
    "purchase_id": "p1",
    "user_id": " u1 ",
    "product_name": "novel",
    "category": "books",
    "price": 0.1,
    "quantity": 3,
    "timestamp": at(5),
}
STEP = {"user_id": "u1", "session_id": "s1", "page": "/checkout", "action": "view", "timestamp": at(5)}


def row(feed: str, event: Any, seconds: float = 6, moments: dict[str, int] | None = None) -> dict[str, Any]:
    owner = FEEDS[feed].person_of
    return FeedReader(FEEDS[feed], Moments(b"k", moments or {}, owner), KEY).row(record(feed, 7, event, seconds))


def test_a_valid_event_is_told_by_time_id_and_cells() -> None:
    found = row("purchase-events", BUY)
    assert (found.get("verdict"), found["bus_offset"], found["event_milliseconds"]) == (None, 7, (MINUTE + 5) * 1000)
    assert json.loads(found["cells"]) == [
        ["events", "", "", None],
        ["purchases", "", "", "0.3"],
        ["purchases", "category", "books", "0.3"],
    ]
    assert found["event_id"] == row("purchase-events", {**BUY, "price": 4})["event_id"]
    assert found["event_id"] != row("purchase-events", {**BUY, "purchase_id": "p2"})["event_id"]


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        ({**BUY, "price": -1}, "price:minimum"),
        ({**BUY, "category": "cars"}, "category:valid_values"),
        ({**BUY, "timestamp": at(3_700)}, "timestamp:time_in_future"),
        ({}, "purchase_id:required"),
        ({**BUY, "user_id": " "}, "user_id:required"),
        (b"{", "not_json"),
        (b"[]", "not_an_object"),
    ],
)
def test_what_is_invalid_or_no_event_has_its_reason(event: Any, verdict: str) -> None:
    found = row("purchase-events", event)
    assert (found["verdict"], found["bus_offset"]) == (verdict, 7)
    assert "cells" not in found


def test_of_a_forgotten_person_nothing_is_read_until_they_come_back() -> None:
    forgotten = {str(identity_hash("u1", b"k")): (MINUTE + 6) * 1000}
    assert row("purchase-events", BUY, 6, forgotten)["verdict"] == FORGOTTEN
    assert row("purchase-events", BUY, 7, forgotten).get("verdict") is None


def test_a_step_belongs_to_a_session_and_a_person_as_the_warehouse_knows_them() -> None:
    found = row("user_clickstream", STEP)
    assert found["person"] == identity_hash("u1", KEY)
    assert found["session"] == row("user_clickstream", {**STEP, "user_id": "u2"})["session"]
    assert found["is_converted"] is False


def cells(feed: str, **event: Any) -> list[Cell]:
    return cells_of(feed, values_of(FEEDS[feed], event))[1:]


@pytest.mark.parametrize(
    ("fields", "failed"), [({}, "0"), ({"status": 399}, "0"), ({"status": 400}, "1"), ({"error": "gone"}, "1")]
)
def test_a_step_is_an_error_by_status_or_text_and_a_page_view_by_its_action(
    fields: dict[str, Any], failed: str
) -> None:
    assert cells("user_clickstream", **STEP, **fields) == [Cell("steps", value=failed), Cell("page_views")]
    assert cells("user_clickstream", **{**STEP, "action": "scroll"}, **fields) == [Cell("steps", value=failed)]


@pytest.mark.parametrize(
    ("action", "page", "is_converted"),
    [
        ("submit", "/checkout", True),
        ("submit", "/contact", False),
        ("purchase", "/x", True),
        ("view", "/checkout", False),
    ],
)
def test_a_session_converts_by_a_purchase_or_a_submitted_checkout(action: str, page: str, is_converted: bool) -> None:
    values = values_of(FEEDS["user_clickstream"], {**STEP, "action": action, "page": page})
    assert step_of("user_clickstream", values) == Step("s1", "u1", is_converted)


def test_a_feed_whose_declaration_has_less_is_counted_alone() -> None:
    assert cells("purchase-events", **{**BUY, "price": None}) == []
    assert cells_of("a feed of tomorrow", {}) == [Cell("events")]
    assert step_of("user_clickstream", {"session_id": "s1"}) is None
