"""The generated stream as a whole: repeatable, in the feed's proportions, with exact shares of what is unusual."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from itertools import islice
from math import sqrt
from typing import Any

import orjson
import pytest

from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from utilities.event_generator.kinds import COUNTS, TOTAL
from utilities.event_generator.shop import CATALOGUE_SIZE, Shop, stores
from utilities.event_generator.stream import DAY_MS, Plan, Record, generate

EVENTS = 100_000
Event = dict[str, Any]


def plan(**changes: Any) -> Plan:
    shares = {"duplicates": 0.0, "late": 0.0, "broken": 0.0}
    return Plan(**{"events": EVENTS, "seed": 1, "start": date(2026, 1, 1), "days": 30, **shares, **changes})


def read(record: Record) -> Event:
    event: Event = orjson.loads(record.value or b"")
    return event


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(generate(plan()))


@pytest.fixture(scope="module")
def events(records: list[Record]) -> list[Event]:
    return [read(record) for record in records]


def share(events: list[Event], field: str, value: object) -> float:
    return sum(1 for event in events if event.get(field) == value) / len(events)


def test_the_same_seed_and_arguments_give_the_same_bytes_in_another_process() -> None:
    command = [sys.executable, "-m", "utilities.generate_events", "--events", "3000", "--seed", "5", "--file", "-"]
    outputs = [
        subprocess.run(
            command, cwd=PROJECT_ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, capture_output=True, check=True
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\n") == 3000


def test_another_seed_gives_other_events() -> None:
    first, second = ({read(record)["device_id"] for record in generate(plan(events=500, seed=seed))} for seed in (1, 2))
    assert not first & second


def test_any_change_of_the_arguments_changes_the_fingerprint_of_the_run() -> None:
    plans = [plan(), plan(seed=2), plan(events=EVENTS + 1), plan(days=29), plan(late=0.1), plan(start=date(2026, 1, 2))]
    assert len({each.fingerprint() for each in plans}) == len(plans)
    assert plan().fingerprint() == plan().fingerprint()


def test_all_27_kinds_come_in_the_proportions_of_the_feed(events: list[Event]) -> None:
    assert len(COUNTS) == 27
    found = Counter(event["collection"] for event in events)
    assert set(found) <= set(COUNTS)
    for kind, count in COUNTS.items():
        expected = EVENTS * count / TOTAL
        # Five standard deviations of independent events, doubled because events of one visit come together.
        assert abs(found[kind] - expected) <= 10 * sqrt(expected) + 1, kind


def test_events_arrive_in_order_of_time_within_the_days_of_the_run(records: list[Record]) -> None:
    arrivals = [record.timestamp_ms for record in records]
    assert arrivals == sorted(arrivals)
    assert plan().start_ms() <= arrivals[0]
    assert arrivals[-1] < plan().start_ms() + 30 * DAY_MS + 1000


def test_every_day_has_traffic_and_the_evening_more_than_the_night(events: list[Event]) -> None:
    times = [datetime.fromtimestamp(event["time_stamp"], UTC) for event in events if "time_stamp" in event]
    assert Counter(time.date() for time in times).keys() == {date(2026, 1, day) for day in range(1, 31)}
    by_hour = Counter(time.hour for time in times)
    assert by_hour[19] > 4 * by_hour[3]


def test_events_of_a_device_are_in_time_order_and_carry_its_id_as_key(records: list[Record]) -> None:
    last: dict[bytes, int] = defaultdict(int)
    for record in records:
        event = read(record)
        assert record.key is not None
        assert record.key.decode() == event["device_id"]
        if "time_stamp" in event:
            assert event["time_stamp"] >= last[record.key]
            last[record.key] = event["time_stamp"]


def test_guests_empty_referrers_and_missing_products_have_the_shares_of_the_feed(events: list[Event]) -> None:
    views = [event for event in events if event["collection"] == "view_product_detail"]
    # A busy device that is logged in is a per cent of this small sample.
    assert share(events, "user_id_db", "") == pytest.approx(0.95, abs=0.015)
    assert share(events, "referrer_url", "") == pytest.approx(0.09, abs=0.01)
    assert share(views, "referrer_url", "") == pytest.approx(0.13, abs=0.01)
    assert share(events, "product_id", None) == pytest.approx(0.46, abs=0.02)
    assert all("product_id" in event for event in views)
    assert all(event["referrer_url"] is not None for event in events)


def test_user_id_and_email_are_filled_together_or_not_at_all(events: list[Event]) -> None:
    assert all((event["user_id_db"] == "") == (not event["email_address"]) for event in events)


def test_a_wire_event_has_the_fields_of_the_feed_in_its_order() -> None:
    view = next(event for event in map(read, generate(plan())) if event["collection"] == "view_product_detail")
    fields = [
        "_id", "time_stamp", "ip", "user_agent", "resolution", "user_id_db", "device_id", "api_version", "store_id",
        "local_time", "show_recommendation", "current_url", "referrer_url", "email_address", "recommendation",
        "utm_source", "utm_medium", "collection", "product_id", "option", "id",
    ]  # fmt: skip
    assert [field for field in view if field not in {"price", "currency"}] == fields
    assert len(view["_id"]) == 24
    assert isinstance(view["recommendation"], bool)
    assert set(view["option"][0]) == {"option_label", "option_id", "value_label", "value_id"}


def test_store_and_host_agree_and_all_stores_are_visited(events: list[Event]) -> None:
    hosts = {store.store_id: store.origin for store in stores()}
    assert len(hosts) == 86
    assert {event["store_id"] for event in events} == set(hosts)
    elsewhere = sum(not event["current_url"].startswith(hosts[event["store_id"]]) for event in events)
    assert elsewhere / EVENTS < 0.01


def test_few_products_have_most_of_the_views(events: list[Event]) -> None:
    shop = Shop()
    assert len({item.product_id for item in shop.products}) == CATALOGUE_SIZE
    views = Counter(event["product_id"] for event in events if event["collection"] == "view_product_detail")
    top = [count for _, count in views.most_common()]
    assert len(views) > 3_000
    assert sum(top[: len(top) // 10]) > sum(top) / 2


def test_crawlers_come_without_referrer_and_act_on_nothing(events: list[Event]) -> None:
    crawled = [event for event in events if "externalhit" in event["user_agent"]]
    assert crawled
    assert {event["resolution"] for event in crawled} <= {"2000x2000", None}
    assert {event["referrer_url"] for event in crawled} == {""}
    assert all(event["collection"].startswith("view_") for event in crawled)


def test_campaigns_stand_on_product_views_only_and_are_false_or_text(events: list[Event]) -> None:
    for event in events:
        assert ("utm_source" in event) == (event["collection"] == "view_product_detail")
    sources = {event["utm_source"] for event in events if "utm_source" in event}
    assert False in sources
    assert {"google", "newsletter"} <= sources


def test_campaigns_and_click_ids_lead_to_pages_of_other_kinds_too(events: list[Event]) -> None:
    landed = Counter(
        (event["collection"], name)
        for event in events
        for name in ("utm_source=newsletter", "gclid=", "fbclid=", "msclkid=")
        if name in event["current_url"]
    )
    for kind in ("view_listing_page", "view_home_page", "view_landing_page"):
        assert {name for found, name in landed if found == kind} >= {"gclid=", "fbclid=", "utm_source=newsletter"}, kind
    assert "msclkid=" in {name for _, name in landed}


def test_repeats_are_exact_and_as_many_as_asked_for() -> None:
    values = Counter(record.value for record in generate(plan(events=20_000, duplicates=0.05)))
    assert sum(values.values()) == 20_000
    assert sum(count - 1 for count in values.values()) == 1_000


def test_late_events_arrive_hours_or_days_after_their_time_and_are_as_many_as_asked_for() -> None:
    delays = [
        record.timestamp_ms / 1000 - event["time_stamp"]
        for record in generate(plan(events=20_000, late=0.05))
        if "time_stamp" in (event := read(record))
    ]
    late = [delay for delay in delays if delay >= 3600]
    assert len(late) == pytest.approx(1_000, abs=2)
    assert any(delay > 86_400 for delay in late)
    assert all(delay < 2 for delay in delays if delay < 3600)


def test_broken_records_are_as_many_as_asked_for() -> None:
    def is_event(record: Record) -> bool:
        try:
            return "collection" in read(record) and b"\\u0000" not in (record.value or b"")
        except (orjson.JSONDecodeError, TypeError):
            return False

    made = list(generate(plan(events=20_000, broken=0.05)))
    assert len(made) == 20_000
    sound = sum(is_event(record) for record in made)
    # Integers beyond 64 bits and deep nesting are readable for orjson.
    assert 19_000 <= sound <= 19_250


def test_what_is_asked_for_first_does_not_depend_on_how_much_is_taken() -> None:
    assert list(islice(generate(plan()), 50)) == list(islice(generate(plan()), 80))[:50]


@pytest.mark.parametrize("wrong", [{"events": 0}, {"days": 0}, {"late": 0.6}, {"duplicates": -0.1}, {"broken": 1.0}])
def test_an_impossible_plan_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(TerminalError):
        plan(**wrong)
