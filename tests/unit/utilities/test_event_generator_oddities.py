"""What is odd in the feed, and what is no event at all."""

import random
from collections import Counter
from datetime import date
from typing import Any

import orjson
import pytest

from kafka.dead_letter_reasons import EventError, Reason
from kafka.event_json import decode_event
from utilities.event_generator.broken import BREAKAGES
from utilities.event_generator.oddities import ODDITIES, UNRELATED_HOSTS, Oddness
from utilities.event_generator.stream import Plan, generate

Event = dict[str, Any]


@pytest.fixture
def view() -> Event:
    records = generate(Plan(200, 1, date(2026, 1, 1), 1, 0, 0, 0))
    events = (orjson.loads(record.value or b"") for record in records)
    return next(event for event in events if event["collection"] == "view_product_detail")


def apply(name: str, event: Event) -> Event:
    changed = dict(event)
    next(oddity for oddity in ODDITIES if oddity.name == name).change(changed, random.Random(1))
    return changed


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.name)
def test_an_oddity_changes_the_event_and_leaves_it_readable(oddity: Any, view: Event) -> None:
    changed = dict(view)
    oddity.change(changed, random.Random(1))
    assert changed != view
    assert decode_event(orjson.dumps(changed)) == changed


def test_an_event_of_the_old_dump_has_no_id_and_a_clock_of_twelve_hours(view: Event) -> None:
    changed = apply("as in the old dump", view | {"local_time": "2020-06-04 20:20:04"})
    assert "id" not in changed
    assert changed["local_time"] == "2020-06-04 8:20:4"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("saved page", "file:///"),
        ("content provider", "content://"),
        ("localhost", "//localhost:"),
        ("address by id", "/catalog/product/view/id/"),
        ("store view", "//stage.shop.example."),
        ("other slug", "-mm.html"),
        ("escaped ampersand", "amp;utm_source=newsletter"),
        ("empty keys", "=&diamond=&=white"),
    ],
)
def test_addresses_are_odd_in_the_ways_of_the_feed(name: str, part: str, view: Event) -> None:
    assert part in apply(name, view)["current_url"]


def test_a_second_question_mark_and_a_very_long_query_occur(view: Event) -> None:
    assert apply("second question mark", view)["current_url"].count("?") == 2
    assert len(apply("long query", view)["current_url"]) > 6_000


def test_there_are_140_unrelated_hosts() -> None:
    assert len(set(UNRELATED_HOSTS)) == 140


def test_oddities_come_at_their_shares(view: Event) -> None:
    oddness = Oddness(random.Random(1))
    names: Counter[str] = Counter()
    for _ in range(100_000):
        event = dict(view)
        oddness.touch(event)
        names["odd"] += event != view
        names["dump"] += "id" not in event
        names["fragment"] += "#" in event["current_url"]
    expected = sum(oddity.share for oddity in ODDITIES)
    assert names["odd"] / 100_000 == pytest.approx(expected, rel=0.1)
    assert names["dump"] / 100_000 == pytest.approx(0.001, rel=0.3)
    assert names["fragment"] / 100_000 == pytest.approx(0.004, rel=0.2)


def test_a_repeated_act_is_the_same_second_and_content_under_new_ids(view: Event) -> None:
    oddness = Oddness(random.Random(1))
    again = next(event for _ in range(10_000) if (event := oddness.repeated_act(view)) is not None)
    assert {key for key in view if view[key] != again[key]} == {"_id", "id"}


def test_some_object_ids_repeat_while_ids_do_not() -> None:
    records = generate(Plan(30_000, 1, date(2026, 1, 1), 1, 0, 0, 0))
    events = [orjson.loads(record.value or b"") for record in records]
    identities = [event["id"] for event in events if "id" in event]
    assert len(identities) == len(set(identities))
    repeated = len(events) - len({event["_id"] for event in events})
    assert repeated / len(events) == pytest.approx(0.004, rel=0.3)


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_record_is_no_event_and_fits_on_one_line(name: str, view: Event) -> None:
    value = BREAKAGES[name](view)
    assert value is None or b"\n" not in value
    with pytest.raises(EventError):
        decode_event(value)


def test_broken_records_cover_every_reason_that_bytes_alone_can_give(view: Event) -> None:
    reasons = set()
    oversized = orjson.dumps({**view, "current_url": "x" * 17_000_000})
    for value in [*(broken(view) for broken in BREAKAGES.values()), oversized]:
        with pytest.raises(EventError) as refused:
            decode_event(value)
        reasons.add(refused.value.reason)
    by_others = {Reason.REFUSED_BY_MONGODB, Reason.REFUSED_BY_ELASTICSEARCH, Reason.REFUSED_BY_DESTINATION}
    assert reasons == set(Reason) - by_others - {Reason.HEADER_NAME, Reason.AGAINST_DECLARATION}
