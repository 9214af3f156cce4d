"""For every list of JSON: each element has one verdict, and goes as it was sent to one of two places, or to neither."""

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka.dead_letter_reasons import EventError
from kafka.event_json import decode_event
from kafka.feeds.declaration import load_feeds
from serving.events import elements, judge, read_events
from tests.unit.serving.parts import DEAD, TOPIC, FakeBus, make_api

FEED = load_feeds()["sensor-readings"]
NOW_MS = 1_767_000_000_000
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(['"', "\\", '],"', "[{", "}\\"])
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
readings = st.fixed_dictionaries(
    {
        "device_id": st.sampled_from(["s-1", "s-2", "é", "", 7, None]),
        "temperature": st.sampled_from([20, -100.5, 21.25, "20"]),
        "humidity": st.integers(-1, 101),
        "timestamp": st.sampled_from(["2025-12-01T10:15:00Z", "2025-12-01T10:15:00+07:00", "yesterday"]),
    },
    optional={"more": values},
)
lists = st.lists(readings | values, min_size=1, max_size=8)
spellings = st.sampled_from([{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def is_valid(value: bytes) -> bool:
    """What landing and the declaration say of the bytes, asked each by itself."""
    try:
        return FEED.validate(decode_event(value), NOW_MS) == []
    except EventError:
        return False


@given(lists, spellings)
def test_the_bytes_of_an_element_are_those_that_were_sent(sent: list[Any], spelling: dict[str, Any]) -> None:
    body = json.dumps(sent, **spelling).encode()
    found = elements(body, orjson.loads(body))
    assert [json.loads(each) for each in found] == sent
    assert all(each in body and each == each.strip() for each in found)


@given(lists, spellings)
def test_an_event_is_valid_where_landing_and_the_declaration_take_its_bytes(
    sent: list[Any], spelling: dict[str, Any]
) -> None:
    events = read_events(json.dumps(sent, **spelling).encode())
    verdicts = [judge(index, event, FEED, NOW_MS) for index, event in enumerate(events)]
    assert [verdict.index for verdict in verdicts] == list(range(len(sent)))
    for verdict in verdicts:
        assert verdict.is_valid == is_valid(verdict.value)
        assert all(error.index == verdict.index and error.code and error.detail for error in verdict.errors)
        assert bool(verdict.reason) != verdict.is_valid


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(lists, spellings)
def test_what_is_accepted_is_on_the_bus_and_the_rest_among_the_dead_letters(
    sent: list[Any], spelling: dict[str, Any]
) -> None:
    api = make_api(FakeBus())
    body = json.dumps(sent, **spelling).encode()
    values = elements(body, orjson.loads(body))
    with api.client:
        answer = api.post(body)
    told = [event["status"] for event in answer.json()["events"]]
    assert told == [202 if is_valid(value) else 422 for value in values]
    assert api.bus.values(TOPIC) == [value for value, status in zip(values, told, strict=True) if status == 202]
    assert api.bus.values(DEAD) == [value for value, status in zip(values, told, strict=True) if status == 422]
    assert answer.status_code == (202 if set(told) == {202} else 422 if set(told) == {422} else 207)
