"""What Elasticsearch is given of a declared feed's event: by the declaration, and by it alone."""

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest

from kafka.feeds.declaration import load_feeds
from kafka.feeds.derived import age_group, total_amount
from kafka.feeds.search import template
from kafka.feeds.settings import DECLARATIONS
from kafka.sinks.feed_document import FeedDocuments
from tests.unit.kafka.test_feeds import VALID

FEEDS = {name: feed for name, feed in load_feeds(DECLARATIONS).items() if not feed.is_main}
BUS: dict[str, Any] = {"topic": "t", "partition": 0, "offset": 41, "timestamp": 1_800_000_000_000}
KEY = b"a key of sixteen bytes"


def document(name: str, event: dict[str, Any]) -> dict[str, Any]:
    documents = FeedDocuments(FEEDS[name])
    return documents.document(event, documents.time_ms(event, BUS["timestamp"]), BUS, 1, KEY)


def test_every_field_of_a_document_has_a_mapping_and_every_searched_one_is_filled() -> None:
    for name, feed in FEEDS.items():
        mapped = template(feed)["template"]["mappings"]["properties"]
        made = document(name, VALID[name])
        assert made.keys() <= mapped.keys()
        assert made["valid"] and made["event"] == VALID[name]
        filled = {field.name for field in feed.fields if VALID[name].get(field.name)}
        hidden = {field.name for field in feed.fields if field.classification == "personal"}
        assert filled - hidden - {feed.event_time} <= made.keys()
        assert not hidden & (made.keys() | mapped.keys())


def test_identifiers_are_the_same_keyed_hash_in_every_feed() -> None:
    made = [document(name, VALID[name]) for name in ("user-events", "purchase-events", "click-events")]
    assert len({each["user_id"] for each in made}) == 1
    without_event = [{name: value for name, value in each.items() if name != "event"} for each in made]
    assert "ada" not in json.dumps(without_event)
    other_key = FeedDocuments(FEEDS["user-events"]).document(VALID["user-events"], 0, BUS, 1, b"another key of 16")
    assert other_key["user_id"] != made[0]["user_id"]
    assert other_key["event_id"] != made[0]["event_id"]


def test_derived_fields() -> None:
    assert document("user-events", VALID["user-events"])["age_group"] == "35-44"
    assert document("purchase-events", VALID["purchase-events"])["total_amount"] == 39.8
    click = {
        **VALID["click-events"],
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 13_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/13.0.4 Mobile/15E148 Safari/604.1",
        "referrer": "https://www.google.com/search?q=lamp",
    }
    made = document("click-events", click)
    assert (made["device_type"], made["is_bot"]) == ("Mobile", False)
    assert (made["referrer_type"], made["referrer_name"]) == ("Search Engine", "Google")


@pytest.mark.parametrize(
    ("age", "group"),
    [
        *((0, "under 18"), (17, "under 18"), (18, "18-24"), (24, "18-24"), (25, "25-34"), (34, "25-34")),
        *((35, "35-44"), (44, "35-44"), (45, "45-54"), (54, "45-54"), (55, "55+"), (130, "55+")),
    ],
)
def test_age_groups(age: int, group: str) -> None:
    assert age_group(age) == group


def test_amounts_are_decimal() -> None:
    assert total_amount(0.1, 3) == 0.3


def test_an_event_that_breaks_its_declaration_is_indexed_with_its_rules_and_without_its_bad_fields() -> None:
    made = document("user-events", {**VALID["user-events"], "age": "old", "email": "x", "timestamp": "yesterday"})
    assert not made["valid"]
    assert made["broken_rules"] == ["email:format", "age:type", "timestamp:type"]
    assert "age" not in made and "age_group" not in made
    assert made["@timestamp"] == BUS["timestamp"]


def test_an_event_ahead_of_its_record_is_told() -> None:
    late = {**VALID["sensor-readings"], "timestamp": "2039-01-01T00:00:00Z"}
    assert document("sensor-readings", late)["broken_rules"] == ["timestamp:time_in_future"]


def test_no_value_of_an_event_makes_a_document_that_cannot_be_written() -> None:
    odd: list[Any] = [
        1e300,
        -(2**63),
        2**63 - 1,
        1e19,
        True,
        None,
        "",
        "x" * 40_000,
        [],
        {"a": [1]},
        "\x00",
        0.1,
        "9999-12-31T23:59:59Z",
    ]
    for name, feed in FEEDS.items():
        for value in odd:
            event = dict.fromkeys(feed.by_name, value)
            orjson.dumps(document(name, event))
            for field in feed.by_name:
                orjson.dumps(document(name, {**VALID[name], field: value}))


def test_a_time_that_no_calendar_of_ours_has_makes_no_index_of_its_own() -> None:
    feed = FEEDS["sensor-readings"]
    unbounded = [replace(field, minimum=None, maximum=None) for field in feed.fields]
    documents = FeedDocuments(replace(feed, fields=tuple(unbounded)))
    assert documents.time_ms({**VALID[feed.name], "timestamp": "9999-01-01T00:00:00Z"}, 7) == 0
    assert (
        documents.time_ms({**VALID[feed.name], "timestamp": "0001-01-01T00:00:00Z"}, BUS["timestamp"])
        == BUS["timestamp"]
    )
