"""The six other feeds in the warehouse: what was sent, once each, whatever was sent again and whoever was killed."""

import json
import os
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kafka.feeds.feed import Feed
from migrations.feed_facts import FEED_TABLES
from tests.events import view
from tests.feeds import declared_apart, prepare
from tests.pipeline import Pipeline, eventually

pytestmark = pytest.mark.servers

Sent = dict[str, list[dict[str, Any]]]
ETL = "spark.command"
RECORDED = 1_790_000_000_000
"""Some time after every event that is not of the future on purpose."""
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
LOADED = "SELECT run.feed, sum(loaded)::bigint FROM etl.feed_range JOIN etl.feed_run AS run USING (run_id) GROUP BY 1"
USERS = "SELECT user_key, user_hash FROM dim_user WHERE user_key > 0"
ODD: Sent = {
    "purchase-events": [
        {"purchase_id": "odd", "user_id": "  ", "product_name": "x", "category": "home", "price": 1, "quantity": 1},
        {"purchase_id": "no", "user_id": "7", "product_name": "x", "category": "pets", "price": 1, "quantity": 1},
        {},
    ],
    "click-events": [{"click_id": "guest", "page_url": "https://shop.example.com/?email=ada@shop.example.com"}],
    "user-events": [
        {"user_id": "padded", "name": "Ada", "email": "a@b.example", "age": 36, "event_type": "user_registration"},
        {"user_id": " padded ", "name": "Ada", "email": "a@b.example", "age": 36, "event_type": "user_registration"},
    ],
    "sensor-readings": [
        {"device_id": "s", "temperature": -273, "humidity": 5},
        {"device_id": "s", "temperature": 4.5, "humidity": 5, "timestamp": "2039-01-05T12:00:00Z"},
    ],
    "user_clickstream": [
        {"user_id": "7", "session_id": "s", "page": "/cart", "action": "view", "status": 503},
        {"user_id": "7", "session_id": "s", "page": "/", "action": "view", "error": "late"},
    ],
}


def generated(directory: Path, pipeline: Pipeline) -> Sent:
    """Events of half an hour and the odd ones, sent, the first of them twice."""
    file = directory / "events.jsonl"
    options = ("--rate", "1", "--seconds", "1800", "--start", "2026-01-05", "--broken", "0.03")
    pipeline.run("utilities.generate_feeds", *options, "--file", str(file))
    lines = file.read_text().splitlines()
    time = {"timestamp": "2026-01-05T12:00:00Z"}
    told = [(feed, event) for feed, events in ODD.items() for event in events]
    odd = [json.dumps({"feed": feed, "event": event and {**time, **event}}) for feed, event in told]
    file.write_text("\n".join([*lines, *odd, *lines[:50]]) + "\n")
    pipeline.run("utilities.generate_feeds", "--from", str(file))
    sent: Sent = {feed: [] for feed in FEED_TABLES}
    for line in map(json.loads, [*lines, *odd, *lines[:50]]):
        sent[line["feed"]].append(line["event"])
    return sent


def sent_again(directory: Path, pipeline: Pipeline) -> list[str]:
    """The last lines of what was generated, sent once more."""
    lines = (directory / "events.jsonl").read_text().splitlines()[-100:]
    again = directory / "again.jsonl"
    again.write_text("\n".join(lines) + "\n")
    pipeline.run("utilities.generate_feeds", "--from", str(again))
    return lines


def valid_ones(feeds: dict[str, Feed], sent: Sent) -> Sent:
    """Counted plainly: what its declaration allows, once an id."""
    found: Sent = {}
    for name, events in sent.items():
        by_id = {
            json.dumps([str(event.get(part)).strip() for part in feeds[name].event_id]): event
            for event in reversed(events)
            if not feeds[name].validate(event, RECORDED)
        }
        found[name] = list(by_id.values())
    return found


def rows(pipeline: Pipeline) -> dict[str, int]:
    return {name: pipeline.value(f"SELECT count(*) FROM {table.rows}") for name, table in FEED_TABLES.items()}


def killed_while_it_loads(pipeline: Pipeline, table: str) -> str:
    """Start the ETL and kill it inside the transaction that writes `table`; what it had said."""
    with pipeline.warehouse() as connection, connection.transaction():
        connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
        process = pipeline.start(ETL, "--feeds", "all")
        eventually(lambda: pipeline.value(WAITING, table) == 1)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdout is not None
    return process.stdout.read()


def assert_sums(pipeline: Pipeline, valid: Sent) -> None:
    amounts = sum(Decimal(str(event["price"])) * event["quantity"] for event in valid["purchase-events"])
    assert pipeline.value("SELECT sum(revenue) FROM mart.purchases") == amounts
    errors = sum(event.get("status", 0) >= 400 or bool(event.get("error")) for event in valid["user_clickstream"])
    assert pipeline.value("SELECT count(*) FROM fact_session_step WHERE is_error") == errors
    readings = Counter(event["device_id"] for event in valid["sensor-readings"])
    assert dict(pipeline.rows("SELECT sensor_id, sum(readings)::int FROM mart.sensor_days GROUP BY 1")) == readings
    people = {
        event[field].strip()
        for events in valid.values()
        for event in events
        for field in ("user_id", "customer_id")
        if (event.get(field) or "").strip()
    }
    assert pipeline.value("SELECT count(*) FROM dim_user WHERE user_key > 0") == len(people)
    cities = Counter(event["city"] for event in valid["user-events"] if event.get("city"))
    assert dict(pipeline.rows("SELECT city, count(*) FROM dim_user WHERE city IS NOT NULL GROUP BY 1")) == cities
    assert pipeline.value("SELECT sum(clicks + bot_clicks) FROM mart.page_clicks") == len(valid["click-events"])


def assert_reconciled(pipeline: Pipeline, sent: Sent, valid: Sent) -> None:
    figures = pipeline.reconcile()
    named = {each["identity"] for each in figures["identities"]}
    assert {f"{name} {what}" for name in FEED_TABLES for what in ("loaded", "facts", "rejected")} <= named
    ledgers = [feed["ledger"] for feed in figures["feeds"].values() if feed["ledger"]]
    others = sum(each["duplicates"] + each["rejected"] + each["empty"] for each in ledgers)
    assert others == sum(map(len, sent.values())) - sum(map(len, valid.values()))
    assert sum(each["empty"] for each in ledgers) == sum(not event for events in sent.values() for event in events)
    assert not any(lag["etl"] for place, lag in figures["behind"].items() if place in figures["feeds"])


def assert_raw_events_may_go(pipeline: Pipeline, counts: dict[str, int]) -> None:
    """What is loaded and removed stays counted, and cannot be loaded again."""
    pipeline.run("utilities.retention", "--raw-older-than", "0d", "--yes")
    figures = pipeline.reconcile()
    assert all(feed["landed"] == 0 for feed in figures["feeds"].values())
    assert sum(feed["raw_removed"] for feed in figures["feeds"].values()) >= sum(counts.values())
    again = pipeline.attempt(ETL, "--feeds", "all", "--full-refresh")
    assert (again.returncode, rows(pipeline)) == (1, counts)
    assert "they cannot be loaded again; nothing was changed" in again.stderr


def assert_told(pipeline: Pipeline) -> None:
    """A row that is lost, and a key that is another."""
    other = pipeline.attempt(ETL, "--feeds", "all", VISITOR_HASH_KEY="another key of sixteen bytes")
    assert other.returncode == 1
    assert "was loaded with another VISITOR_HASH_KEY" in other.stderr
    pipeline.rows("DELETE FROM fact_purchase WHERE ctid = (SELECT min(ctid) FROM fact_purchase) RETURNING 1")
    result = pipeline.attempt("utilities.reconcile")
    assert result.returncode == 1
    assert "DIFFERS  purchase-events facts" in result.stdout


def test_every_event_is_a_fact_once_though_the_etl_is_killed_and_events_come_again(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    pipeline.produce_events([view(1)])
    pipeline.run("kafka.mirror")
    feeds = dict(prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name)))
    sent = generated(tmp_path, pipeline)
    valid = valid_ones(feeds, sent)
    counts = {name: len(events) for name, events in valid.items()}
    pipeline.run("kafka.landing", "--feeds", "all")
    told = killed_while_it_loads(pipeline, "fact_session_step")
    assert rows(pipeline) == {**counts, "user_clickstream": 0, "sensor-readings": 0}, told
    keys = set(pipeline.rows(USERS))
    pipeline.run(ETL, "--feeds", "all", "--wait")
    assert rows(pipeline) == counts == dict(pipeline.rows(LOADED))
    assert_sums(pipeline, valid)
    assert pipeline.value("SELECT count(*) FROM fact_page_click WHERE position('ada@' IN page_url) > 0") == 0
    # What is sent again is landed again, and counted once.
    for line in map(json.loads, sent_again(tmp_path, pipeline)):
        sent[line["feed"]].append(line["event"])
    pipeline.run("kafka.landing", "--feeds", "all")
    pipeline.run(ETL, "--feeds", "all")
    assert rows(pipeline) == counts
    assert_reconciled(pipeline, sent, valid)
    assert keys <= (all_keys := set(pipeline.rows(USERS)))
    pipeline.run(ETL, "--feeds", "all", "--full-refresh")
    assert (set(pipeline.rows(USERS)), rows(pipeline)) == (all_keys, counts)
    assert_sums(pipeline, valid)
    assert_raw_events_may_go(pipeline, counts)
    assert_told(pipeline)
