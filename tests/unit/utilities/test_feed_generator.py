"""Generated events of the feeds: they keep their declarations, refer to each other, and anomalies are told."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from config.errors import TerminalError
from kafka.feeds.declaration import load_feeds
from kafka.feeds.settings import DECLARATIONS
from utilities.feed_generator.anomalies import Anomaly
from utilities.feed_generator.times import Timed, busyness
from utilities.feed_generator.traffic import GENERATED, FeedPlan, Traffic
from utilities.generate_feeds import main

FEEDS = load_feeds(DECLARATIONS)
MONDAY_MS = 1_767_571_200_000  # 2026-01-05T00:00:00Z
DAY_MS = 86_400_000


def made(seconds: float, rate: float, **more: float) -> tuple[Traffic, list[Timed]]:
    traffic = Traffic(FeedPlan(seed=7, start_ms=MONDAY_MS, seconds=seconds, rate=rate, **more))  # type: ignore[arg-type]
    return traffic, list(traffic.events())


def test_every_event_keeps_its_declaration_and_has_an_id_of_its_own() -> None:
    _, events = made(3_600, 3)
    assert {event.feed for event in events} == set(GENERATED) == set(FEEDS) - {"product_views"}
    assert [event for event in events if FEEDS[event.feed].validate(event.event, event.time_ms)] == []
    ids = Counter((event.feed, FEEDS[event.feed].id_of(event.event)) for event in events)
    assert max(ids.values()) == 1
    assert [event.time_ms for event in events] == sorted(event.time_ms for event in events)
    assert all(MONDAY_MS <= event.time_ms < MONDAY_MS + 3_600_000 for event in events)


def test_the_same_plan_gives_the_same_events_and_a_later_start_other_ids() -> None:
    _, events = made(300, 5)
    assert events == made(300, 5)[1]
    later = Traffic(FeedPlan(seed=7, start_ms=MONDAY_MS + 300_000, seconds=300, rate=5)).events()
    clicks = {event.event["click_id"] for event in events if event.feed == "click-events"}
    assert clicks.isdisjoint(event.event["click_id"] for event in later if event.feed == "click-events")


def test_purchases_are_of_users_who_clicked_and_clicks_of_the_step_of_their_session() -> None:
    _, events = made(7_200, 5)
    of_feed: dict[str, list[Timed]] = defaultdict(list)
    for event in events:
        of_feed[event.feed].append(event)
    # Visits that were under way at the start have clicked before it.
    late = [event for event in of_feed["purchase-events"] if event.time_ms > MONDAY_MS + 600_000]
    assert late
    for purchase in late:
        user = purchase.event["user_id"]
        assert any(c.event["user_id"] == user and c.time_ms <= purchase.time_ms for c in of_feed["click-events"])
        acts = [c.event for c in of_feed["customer-events"] if c.event["timestamp"] == purchase.event["timestamp"]]
        amount = round(purchase.event["price"] * purchase.event["quantity"], 2)
        assert (user, "purchase", amount) in {(a["customer_id"], a["event_type"], a.get("amount")) for a in acts}
    registered = {event.event["user_id"] for event in of_feed["user-events"]}
    assert registered & {event.event["user_id"] for event in of_feed["click-events"]}


def test_the_rate_is_the_mean_and_the_day_and_the_week_have_their_curves() -> None:
    _, flat = made(3_600, 10, flat=True)
    assert 0.85 < len(flat) / 36_000 < 1.15
    _, events = made(86_400, 0.3)
    assert 0.8 < len(events) / (86_400 * 0.3) < 1.2
    visits = Counter((event.time_ms - MONDAY_MS) // 3_600_000 for event in events if event.feed == "click-events")
    assert sum(visits[hour] for hour in (18, 19, 20)) > 2 * sum(visits[hour] for hour in (1, 2, 3))
    week = [busyness(MONDAY_MS + minute * 60_000) for minute in range(7 * 24 * 60)]
    assert abs(sum(week) / len(week) - 1) < 0.01
    assert busyness(MONDAY_MS + 6 * DAY_MS + 43_200_000) > busyness(MONDAY_MS + 43_200_000)


def _rate(events: list[Timed], feed: str, first_ms: int, end_ms: int) -> float:
    return sum(event.feed == feed and first_ms <= event.time_ms < end_ms for event in events) / (end_ms - first_ms)


def test_each_anomaly_does_what_its_truth_tells_and_keeps_the_declarations() -> None:
    traffic, events = made(20_000, 5, flat=True, anomalies=10)
    assert Counter(anomaly.kind for anomaly in traffic.anomalies) == dict.fromkeys(
        ("spike", "drop", "errors", "level", "silence"), 2
    )
    assert [event for event in events if FEEDS[event.feed].validate(event.event, event.time_ms)] == []
    for anomaly in traffic.anomalies:
        _see(anomaly, events)


def _see(anomaly: Anomaly, events: list[Timed]) -> None:
    length = anomaly.end_ms - anomaly.start_ms
    inside = _rate(events, anomaly.feed, anomaly.start_ms, anomaly.end_ms)
    before = _rate(events, anomaly.feed, anomaly.start_ms - length, anomaly.start_ms)
    within = [e.event for e in events if e.feed == anomaly.feed and anomaly.start_ms <= e.time_ms < anomaly.end_ms]
    if anomaly.kind == "spike":
        assert inside > 2.5 * before
    elif anomaly.kind == "drop":
        assert inside < before / 2.5
    elif anomaly.kind == "silence":
        assert inside == 0
    elif anomaly.kind == "errors":
        assert 0.4 < sum(event["status"] >= 400 for event in within) / len(within) < 0.8
    else:
        temperatures = [event["temperature"] for event in within if event["device_id"] == anomaly.device_id]
        assert min(temperatures) > max(e["temperature"] for e in within if e["device_id"] != anomaly.device_id)


def test_broken_events_are_sown_by_share_and_counted() -> None:
    traffic, events = made(1_200, 10, broken=0.1)
    broken = [event for event in events if FEEDS[event.feed].validate(event.event)]
    assert len(broken) == traffic.broken
    assert 0.06 < len(broken) / len(events) < 0.14
    assert {event.feed for event in broken} == set(GENERATED)


def test_the_command_writes_events_and_the_truth(tmp_path: Path) -> None:
    file, truth = tmp_path / "events.jsonl", tmp_path / "truth.jsonl"
    past = ["--start", "2026-01-05", "--seconds", "600", "--rate", "5", "--feeds", "click-events,sensor-readings"]
    assert main([*past, "--anomalies", "2", "--truth", str(truth), "--file", str(file)]) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["feed"] for line in lines} == {"click-events", "sensor-readings"}
    told = [json.loads(line) for line in truth.read_text().splitlines()]
    assert len(told) == 2
    assert all(line["start"] < line["end"] for line in told)
    assert main(["--events", "40", "--start", "2026-01-05", "--file", str(file)]) == 0
    assert len(file.read_text().splitlines()) == 40


def test_what_cannot_be_generated_is_refused() -> None:
    for wrong in ({"rate": 0.0}, {"rate": 1.0, "broken": 0.9}, {"rate": 1.0, "seconds": 0.0}):
        with pytest.raises(TerminalError):
            FeedPlan(**{"seed": 1, "start_ms": 0, "seconds": 1.0, **wrong})  # type: ignore[arg-type]
    assert main(["--feeds", "product_views"]) == 1
    assert main(["--anomalies", "1", "--events", "1"]) == 1
