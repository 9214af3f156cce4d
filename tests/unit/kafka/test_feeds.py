"""The declarations of the feeds, and the one validator of their events."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import ConfigurationError
from kafka.event_json import decode_event
from kafka.feeds.checks import Field
from kafka.feeds.declaration import chosen_feeds, load_feeds, read_declaration
from kafka.feeds.settings import DECLARATIONS
from kafka.sinks.landing_names import DEFAULT_COLLECTION
from tests.events import view
from utilities.event_generator.stream import Plan, generate

FEEDS = load_feeds(DECLARATIONS)

VALID: dict[str, dict[str, Any]] = {
    "user-events": {
        "user_id": "7",
        "name": "Ada",
        "email": "ada@shop.example.com",
        "age": 36,
        "city": "London",
        "country": "GB",
        "event_type": "user_registration",
        "timestamp": "2026-01-31T12:00:00.123Z",
    },
    "purchase-events": {
        "purchase_id": "p1",
        "user_id": "7",
        "product_name": "Lamp",
        "category": "home",
        "price": 19.9,
        "quantity": 2,
        "timestamp": "2026-01-31T13:00:00+01:00",
    },
    "click-events": {
        "click_id": "c1",
        "user_id": "7",
        "page_url": "https://shop.example.com/lamp.html",
        "referrer": "",
        "user_agent": "Mozilla/5.0",
        "ip_address": "2001:db8::1",
        "timestamp": "2026-01-31T12:00:00Z",
    },
    "customer-events": {"customer_id": "7", "event_type": "return", "timestamp": "2026-01-31T12:00:00Z"},
    "user_clickstream": {
        "user_id": "7",
        "session_id": "s",
        "page": "/cart",
        "action": "view",
        "status": 500,
        "timestamp": "2026-01-31T12:00:00Z",
    },
    "sensor-readings": {
        "device_id": "d1",
        "temperature": -3,
        "humidity": 61.5,
        "timestamp": "2026-01-31T12:00:00Z",
    },
    "product_views": view(1),
}

BROKEN: list[tuple[str, str, Any, str]] = [
    ("user-events", "email", "nobody", "format"),
    ("user-events", "age", 131, "maximum"),
    ("user-events", "age", -1, "minimum"),
    ("user-events", "age", "36", "type"),
    ("user-events", "age", True, "type"),
    ("user-events", "age", 36.5, "type"),
    ("user-events", "age", 1e300, "type"),
    ("user-events", "name", None, "required"),
    ("user-events", "name", "", "min_length"),
    ("user-events", "event_type", "login", "valid_values"),
    ("user-events", "timestamp", "2026-01-31 12:00:00", "type"),
    ("user-events", "timestamp", "2026-02-31T12:00:00Z", "type"),
    ("user-events", "timestamp", 1_767_225_600, "type"),
    ("user-events", "timestamp", "2014-12-31T23:59:59Z", "minimum"),
    ("purchase-events", "category", "Books", "valid_values"),
    ("purchase-events", "price", float("nan"), "type"),
    ("purchase-events", "price", -0.01, "minimum"),
    ("purchase-events", "quantity", 0, "minimum"),
    ("click-events", "ip_address", "203.0.113.256", "format"),
    ("click-events", "page_url", "/lamp.html", "format"),
    ("click-events", "user_agent", "x" * 4097, "max_length"),
    ("customer-events", "event_type", "return\n", "pattern"),
    ("user_clickstream", "status", 42, "minimum"),
    ("sensor-readings", "humidity", 100.5, "maximum"),
    ("product_views", "time_stamp", "yesterday", "type"),
    ("product_views", "time_stamp", None, "required"),
    ("product_views", "time_stamp", 1, "minimum"),
    ("product_views", "id", "no-uuid", "format"),
]


@pytest.mark.parametrize("name", FEEDS)
def test_a_valid_event_of_each_feed_breaks_nothing(name: str) -> None:
    feed = FEEDS[name]
    assert feed.validate(VALID[name]) == []
    assert feed.validate({**VALID[name], "a field of tomorrow": {"x": 1}}) == []
    assert feed.time_ms(VALID[name]) is not None
    assert feed.id_of(VALID[name])


@pytest.mark.parametrize(("name", "field", "value", "rule"), BROKEN)
def test_what_breaks_a_rule_is_told_by_field_and_rule(name: str, field: str, value: Any, rule: str) -> None:
    (violation,) = FEEDS[name].validate({**VALID[name], field: value})
    assert (violation.field, violation.rule) == (field, rule)


@pytest.mark.parametrize("name", [name for name in FEEDS if name != "product_views"])
def test_whose_it_is_is_not_blank_where_it_is_required(name: str) -> None:
    feed = FEEDS[name]
    if feed.person_field is None:
        return
    expected = [(feed.person_field, "required")] if feed.by_name[feed.person_field].required else []
    broken = feed.validate({**VALID[name], feed.person_field: " \t"})
    assert [(each.field, each.rule) for each in broken] == expected


def test_something_tells_events_apart() -> None:
    feed = replace(FEEDS["click-events"], event_id=("referrer", "user_id"))
    (violation,) = feed.validate({**VALID["click-events"], "user_id": None})
    assert (violation.field, violation.rule) == ("referrer", "required")
    assert feed.validate(VALID["click-events"]) == []


def test_every_broken_field_is_told_at_once_and_optional_ones_may_be_null() -> None:
    broken = FEEDS["user-events"].validate({"age": None, "city": None})
    assert {(each.field, each.rule) for each in broken} == {
        (name, "required") for name in ("user_id", "name", "email", "event_type", "timestamp")
    }


def test_what_tells_of_a_person_is_not_in_the_text_of_a_violation() -> None:
    (violation,) = FEEDS["user-events"].validate({**VALID["user-events"], "email": "ada.lovelace"})
    assert "lovelace" not in violation.text


def test_an_event_further_ahead_than_declared_is_in_the_future() -> None:
    feed, event = FEEDS["sensor-readings"], VALID["sensor-readings"]
    time_ms = feed.time_ms(event) or 0
    lead = feed.allowed_lead_seconds * 1000
    assert feed.validate(event, time_ms - lead) == []
    assert [each.rule for each in feed.validate(event, time_ms - lead - 1)] == ["time_in_future"]


@pytest.mark.parametrize(
    "changes",
    [
        {"time_stamp": "1789000481"},
        {"time_stamp": " 1.789000481e9 "},
        {"time_stamp": 1_789_000_481.9},
        {"time_stamp": 1_420_020_000},  # 2015-01-01 in the business time zone that is furthest east
        {"id": ""},
        {"id": None, "_id": {"$oid": "5ec8015d71a3b936be7dc56d"}},
        {"id": "F523185F-406C-4BC8-9A0A-EA02DE1B0E67 "},
        {"user_id_db": 7, "email_address": None, "device_id": False},
        {"option": {"alloy": "yellow-375"}, "cart_products": "", "order_id": 6200001.0},
        {"collection": "a kind of tomorrow", "product_id": None, "utm_source": False},
        {"current_url": "file:///x" + "y" * 100_000},
    ],
)
def test_the_main_feed_refuses_nothing_that_the_etl_accepts(changes: dict[str, Any]) -> None:
    assert FEEDS["product_views"].validate(view(1, **changes)) == []


def test_what_is_generated_for_the_main_feed_keeps_its_declaration() -> None:
    plan = Plan(2_000, 7, date(2026, 1, 1), 3, duplicates=0.01, late=0.02, broken=0)
    events = [decode_event(record.value) for record in generate(plan)]
    assert [event for event in events if FEEDS["product_views"].validate(event)] == []


def test_events_are_told_apart_by_the_declared_fields() -> None:
    feed, event = FEEDS["customer-events"], VALID["customer-events"]
    assert feed.id_of(event) == feed.id_of({**event, "amount": 3})
    assert feed.id_of(event) != feed.id_of({**event, "product_id": "8"})
    assert FEEDS["purchase-events"].id_of(VALID["purchase-events"]) == "p1"
    assert (feed.key_of(event), feed.person_of(event)) == (b"7", "7")
    assert FEEDS["sensor-readings"].person_of(VALID["sensor-readings"]) == ""


def test_the_main_feed_is_declared_with_the_defaults_of_its_settings() -> None:
    feed = FEEDS["product_views"]
    assert next(iter(FEEDS)) == "product_views"
    assert (feed.topic, feed.dead_letter_topic) == ("product_views", "product_views_dead_letters")
    assert (feed.collection, feed.index) == (DEFAULT_COLLECTION, "product-views")


def test_feeds_are_chosen_by_name() -> None:
    assert chosen_feeds("all", FEEDS) == list(FEEDS.values())
    chosen = chosen_feeds("click-events, user-events,click-events", FEEDS)
    assert [feed.name for feed in chosen] == ["click-events", "user-events"]
    for wrong in ("nobody", " , "):
        with pytest.raises(ConfigurationError, match="--feeds"):
            chosen_feeds(wrong, FEEDS)


SENSORS = yaml.safe_load((DECLARATIONS / "sensor-readings.yaml").read_text())


def _with(place: list[Any], value: Any) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(orjson.dumps(SENSORS))
    inner: Any = told
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    return told


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("- a list", "is no declaration"),
        ("a: [", "cannot be read"),
        (_with(["apiVersion"], "v2.2.2"), "apiVersion: "),
        (_with(["schema", 0, "properties", 1, "logicalType"], "float"), r"schema\[0\].properties\[1\].logicalType: "),
        (_with(["schema", 0, "properties", 1, "requried"], True), r"schema\[0\].properties\[1\].requried: "),
        (_with(["schema", 0, "properties", 0, "classification"], "secret"), "classification: "),
        (_with(["schema", 0, "properties", 0, "logicalTypeOptions", "pattern"], "("), "is no regular expression"),
        (_with(["schema", 0, "properties", 3, "logicalTypeOptions", "minimum"], 7), "is no time with its zone"),
        (_with(["schema", 0, "properties", 0, "name"], "sensor"), "customProperties.keyField: device_id is no field"),
        (_with(["schema", 0, "properties", 1, "name"], "humidity"), "is declared twice"),
        (_with(["schema", 0, "properties", 0, "classification"], "identifier"), "personField: is missing"),
        (_with(["customProperties", 0, "value"], "a topic"), "customProperties.topic: "),
        (_with(["customProperties", 5, "value"], "humidity"), "eventTime: humidity is to be a required timestamp"),
        (_with(["id"], "sensors"), "the file is to be called sensors.yaml"),
        (_with(["team"], {}), "team.name: "),
    ],
)
def test_a_wrong_declaration_is_one_error_with_file_and_place(told: Any, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "sensor-readings.yaml"
    file.write_text(told if isinstance(told, str) else yaml.safe_dump(told))
    with pytest.raises(ConfigurationError, match=re.escape(str(file))) as raised:
        read_declaration(file)
    assert re.search(problem, str(raised.value))
    assert "\n" not in str(raised.value)


def test_two_feeds_never_share_a_topic_a_collection_or_an_index(tmp_path: Path) -> None:
    (tmp_path / "sensor-readings.yaml").write_text(yaml.safe_dump(SENSORS))
    other = {**SENSORS, "id": "meters", "schema": [{**SENSORS["schema"][0], "name": "meters"}]}
    (tmp_path / "meters.yaml").write_text(yaml.safe_dump(other))
    with pytest.raises(ConfigurationError, match="is that of"):
        load_feeds(tmp_path)


def test_a_folder_without_declarations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="FEEDS_DIRECTORY"):
        load_feeds(tmp_path)


VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.integers(-200, 200)
    | st.floats(-200, 200)
    | st.floats()
    | st.text(max_size=120)
    | st.sampled_from([value for event in VALID.values() for value in event.values()])
    | st.sampled_from(
        ["", " ", "\0", "7 ", "x" * 40_000, "2014-12-31T23:59:59Z", "2026-01-31T12:00:00.123456789+00:00"]
    )
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.none(), max_size=2)
)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from([field for feed in FEEDS.values() for field in feed.fields]), VALUES)
def test_what_is_right_at_a_glance_breaks_no_rule(field: Field, value: Any) -> None:
    assert field.problem(value) == field.first_problem(value)
