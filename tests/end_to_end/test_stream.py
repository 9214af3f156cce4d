"""Promise 6: what is streamed is what is counted, whoever was killed, whatever came twice, late or from the future."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.events import act, order, view
from tests.feeds import declared_apart, prepare
from tests.pipeline import Pipeline, eventually

pytestmark = pytest.mark.servers

MINUTES, EVENTS_A_MINUTE = 20, 45
Event = dict[str, Any]
TOTALS = """
SELECT extract(epoch FROM window_start)::bigint, events + late_events, views + late_views,
       order_events + late_order_events, bot_events
FROM live.window_total WHERE closed_batch_id IS NOT NULL
"""
LOADED = """
SELECT extract(epoch FROM date_trunc('minute', event_time))::bigint, count(*),
       count(*) FILTER (WHERE kind = 'view_product_detail'), count(*) FILTER (WHERE kind = 'checkout_success'),
       count(*) FILTER (WHERE is_bot)
FROM fact_event JOIN dim_event_kind USING (kind_key)
WHERE event_time < to_timestamp(%s) GROUP BY 1
"""
PURCHASES = "purchase-events"
FEEDS = f"product_views,{PURCHASES}"
PURCHASED = """
SELECT extract(epoch FROM window_start)::bigint, member, max(value) FILTER (WHERE metric = 'purchases')::int,
       max(value) FILTER (WHERE metric = 'revenue')
FROM live.series WHERE feed = 'purchase-events' AND dimension = 'category' GROUP BY 1, 2
"""
VERDICTS = """
SELECT metric, sum(value)::int FROM live.series
WHERE feed = %s AND dimension = '' AND metric IN ('late_events', 'valid', 'invalid', 'duplicates') GROUP BY 1
"""
BATCHES = "SELECT batch_id FROM live.stream"


def first_minute() -> int:
    """Three hours ago: the source keeps records for days, by their own time."""
    return int(time.time()) // 60 * 60 - 3 * 3600


def events_of(minute: int, begun: int) -> list[Event]:
    """What happened in a minute: views of people and robots, carts, and an order whose page was loaded twice."""
    numbers = range(minute * EVENTS_A_MINUTE, (minute + 1) * EVENTS_A_MINUTE)
    seconds = [begun + 60 * minute + number % 60 for number in numbers]
    found = [
        act(n, "add_to_cart_action", time_stamp=at, price="9,00", currency="€")
        if n % 5 == 0
        else view(n, time_stamp=at)
        for n, at in zip(numbers, seconds, strict=True)
    ]
    person = {"device_id": f"buyer {minute}", "store_id": "6", "time_stamp": seconds[0]}
    return [*found, *(order(numbers[0] + again, 6_200_000 + minute, 80_001, **person) for again in (0, 1))]


def send(pipeline: Pipeline, events: list[Event], recorded_at: int) -> None:
    """As the shop sends them; the bus takes them at that second."""
    records: list[Any] = [(None, json.dumps(event).encode()) for event in events]
    pipeline.produce(records, timestamp=recorded_at * 1000)


def send_minutes(pipeline: Pipeline, minutes: range, begun: int) -> None:
    for minute in minutes:
        send(pipeline, events_of(minute, begun), begun + 60 * minute + 59)
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")


def kill_while_counting(pipeline: Pipeline) -> None:
    """Start the stream, and kill all of it once it has counted two batches more."""
    before = pipeline.value(BATCHES)
    process = pipeline.start(
        "stream", "--follow", "--feeds", FEEDS, STREAM_BATCH_OFFSETS="100", STREAM_TRIGGER_SECONDS="0"
    )
    deadline = time.monotonic() + 600
    while process.poll() is None and pipeline.value(BATCHES) < before + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    has_counted, has_ended = pipeline.value(BATCHES) >= before + 2, process.poll() is not None
    if not has_ended:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    assert has_counted and not has_ended, said_by(process)


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.read()[-4000:]


def load(pipeline: Pipeline) -> None:
    for stage in ("kafka.landing", "kafka.indexer", "etl"):
        pipeline.run(stage)


def purchase(number: int, at: int) -> Event:
    return {
        "purchase_id": f"p{number}",
        "user_id": f"u{number % 5}",
        "product_name": "novel",
        "category": ("books", "home")[number % 2],
        "price": 0.1 * (number % 7),
        "quantity": 3,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)),
    }


def purchases_of(minute: int, begun: int) -> list[Event]:
    return [purchase(number, begun + 60 * minute + number % 12) for number in range(12 * minute, 12 * minute + 12)]


def send_purchases(pipeline: Pipeline, minutes: range, begun: int) -> None:
    for minute in minutes:
        produce_purchases(pipeline, purchases_of(minute, begun), begun + 60 * minute + 59)


def produce_purchases(pipeline: Pipeline, events: list[Event], recorded_at: int) -> None:
    """As the shop sends them, to all partitions; the bus takes them at that second."""
    producer = Producer(pipeline.local_client("generator"))
    for number, event in enumerate(events):
        topic = f"{pipeline.name}-{PURCHASES}"
        producer.produce(topic, json.dumps(event).encode(), None, number % 3, timestamp=recorded_at * 1000)
    assert producer.flush(60) == 0


def assert_purchases_are_counted(pipeline: Pipeline, begun: int) -> None:
    """In the warehouse, late and repeated ones as such; and Elasticsearch has the same rows."""
    sent: dict[tuple[int, str], list[float]] = {}
    for minute in range(MINUTES):
        for event in purchases_of(minute, begun):
            amount = float(Decimal(str(event["price"])) * event["quantity"])
            sent.setdefault((begun + 60 * minute, event["category"]), []).append(amount)
    found = {(start, member): (purchases, revenue) for start, member, purchases, revenue in pipeline.rows(PURCHASED)}
    assert {key: value[0] for key, value in found.items() if key[0] < begun + 60 * MINUTES} == {
        key: len(amounts) for key, amounts in sent.items()
    }
    for key, amounts in sent.items():
        assert found[key][1] == pytest.approx(sum(amounts))
    counts = dict(pipeline.rows(VERDICTS, PURCHASES))
    assert (counts["late_events"], counts["duplicates"], counts["invalid"]) == (1, 4, 1)
    assert counts["valid"] == 12 * MINUTES + 3 + 1
    closed = "SELECT bool_and(is_closed) FROM live.series WHERE feed = %s AND metric = 'revenue' AND window_start < %s"
    assert pipeline.value(closed, PURCHASES, datetime.fromtimestamp(begun + 60 * MINUTES, UTC))
    assert pipeline.value("SELECT max(value) FROM live.series WHERE feed = 'pipeline' AND metric = 'throughput'") > 0

    rows = pipeline.rows(
        "SELECT metric, member, window_start, value, is_closed FROM live.series WHERE feed = %s", PURCHASES
    )
    with pipeline.search() as client:
        client.indices.refresh(index="pipeline-metrics")
        documents = client.search(index="pipeline-metrics", query={"term": {"feed": PURCHASES}}, size=5_000)
    hits = [hit["_source"] for hit in documents["hits"]["hits"]]
    written = {
        (each["metric"], each["member"], datetime.fromisoformat(each["@timestamp"])): (each["value"], each["is_closed"])
        for each in hits
    }
    assert written == {(metric, member, start): (value, is_closed) for metric, member, start, value, is_closed in rows}


def totals(pipeline: Pipeline) -> dict[int, tuple[int, ...]]:
    return {start: tuple(counts) for start, *counts in pipeline.rows(TOTALS)}


def test_a_stream_that_is_killed_counts_what_the_facts_hold_and_so_after_an_erasure(
    forgetting: Pipeline, tmp_path: Path
) -> None:
    pipeline, begun = forgetting, first_minute()
    prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name))
    send_minutes(pipeline, range(10), begun)
    send_purchases(pipeline, range(10), begun)
    kill_while_counting(pipeline)
    send_minutes(pipeline, range(10, MINUTES), begun)
    send_purchases(pipeline, range(10, MINUTES), begun)
    kill_while_counting(pipeline)
    pipeline.run("stream", "--feeds", FEEDS)
    # Half an hour closes every minute so far, in each partition.
    over = begun + 60 * (MINUTES + 30)
    send(pipeline, [view(5_000 + n, time_stamp=over + n) for n in range(30)], over + 30)
    produce_purchases(pipeline, [purchase(5_000 + n, over + n) for n in range(3)], over + 30)
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    pipeline.run("stream", "--feeds", FEEDS)
    late, again = view(6_000, time_stamp=begun + 61), events_of(3, begun)[:7]
    future = view(6_001, time_stamp=over + 1_800)
    rejected = view(6_002, time_stamp=over, product_id="")
    send(pipeline, [late, *again, future, rejected], over + 60)
    pipeline.produce([(None, b"{"), (None, None)], timestamp=(over + 60) * 1000)
    late_and_again = [purchase(6_000, begun + 61), *purchases_of(3, begun)[:4], {"purchase_id": "nothing else"}]
    produce_purchases(pipeline, late_and_again, over + 60)
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    pipeline.run("stream", "--feeds", FEEDS)

    sent = Counter(event["time_stamp"] // 60 * 60 for minute in range(MINUTES) for event in events_of(minute, begun))
    sent[begun + 60] += 1
    found = totals(pipeline)
    assert {start: counts[0] for start, counts in found.items() if start < begun + 60 * MINUTES} == sent
    late_rows = (
        "SELECT extract(epoch FROM window_start)::bigint, late_events FROM live.window_total WHERE late_events > 0"
    )
    assert pipeline.rows(late_rows) == [(begun + 60, 1)]
    early = "SELECT extract(epoch FROM window_start)::bigint FROM live.window_total WHERE early_events > 0"
    assert pipeline.rows(early) == [((over + 1_800) // 60 * 60,)]
    verdicts = dict(pipeline.rows("SELECT verdict, sum(events)::bigint FROM live.quality GROUP BY 1"))
    assert verdicts == {
        "valid": sum(sent.values()) + 30 + 1,
        "duplicate": len(again),
        "no_product": 1,
        "not_json": 1,
        "null_value": 1,
    }
    assert pipeline.value("SELECT sum(orders)::bigint FROM live.window_total") == MINUTES
    revenue = pipeline.rows("SELECT currency, sum(revenue) FROM live.window_revenue GROUP BY 1")
    assert [(currency, float(amount)) for currency, amount in revenue] == [("EUR", MINUTES * 2 * 1234.5)]

    assert_purchases_are_counted(pipeline, begun)

    load(pipeline)
    facts = {start: tuple(counts) for start, *counts in pipeline.rows(LOADED, over)}
    in_time = {start: counts for start, counts in found.items() if start < over and start != begun + 60}
    # The late one may be a robot's: bot_events are of those that came in time.
    assert in_time == {start: counts for start, counts in facts.items() if start != begun + 60}
    live = pipeline.reconcile()["live"]
    assert (live["windows"], live["differing"]) == (len(found), [])
    assert pipeline.value("SELECT sum(orders)::bigint FROM live.window_total") == pipeline.value(
        "SELECT count(*) FROM fact_order"
    )

    # Its records stay on the bus, which it says by its status.
    assert "none is left" in pipeline.attempt("utilities.forget_visitor", "--device-id", "buyer 4", "--yes").stdout
    assert pipeline.rows(
        "SELECT erased_events, erased_order_events FROM live.window_total WHERE erased_events > 0"
    ) == [(2, 2)]
    assert pipeline.reconcile()["live"]["differing"] == []
    pipeline.run("stream", "--feeds", FEEDS)
    assert totals(pipeline) == found

    pipeline.run("stream", "--feeds", FEEDS, "--anew")
    assert pipeline.reconcile()["live"]["differing"] == []


def test_reconcile_shows_the_window_that_is_not_what_the_facts_say(pipeline: Pipeline) -> None:
    begun = first_minute()
    send_minutes(pipeline, range(3), begun)
    over = begun + 3_600
    send(pipeline, [view(5_000 + n, time_stamp=over + n) for n in range(9)], over + 9)
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    load(pipeline)
    assert not pipeline.reconcile()["live"]["has_run"]
    pipeline.run("stream")
    assert pipeline.reconcile()["live"] == {"has_run": True, "windows": 3, "differing": []}
    wrong = "UPDATE live.window_total SET views = views - 1 WHERE window_start = to_timestamp(%s) RETURNING views"
    pipeline.rows(wrong, begun + 60)
    result = pipeline.attempt("utilities.reconcile")
    assert result.returncode == 1
    assert f"DIFFERS: window {time.strftime('%Y-%m-%d %H:%M', time.gmtime(begun + 60))}" in result.stdout


def test_a_topic_made_anew_and_a_second_stream_are_refused_in_one_line(pipeline: Pipeline) -> None:
    begun = first_minute()
    send_minutes(pipeline, range(1), begun)
    pipeline.run("stream")
    process = pipeline.start("stream", "--follow")
    holders = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'millrace-stream' AND datname = %s"
    eventually(lambda: pipeline.value(holders, pipeline.environment["POSTGRES_DB"]) > 0)
    second = pipeline.attempt("stream")
    assert second.returncode == 75
    assert "another ./millrace stream is under way" in second.stderr
    process.terminate()
    process.wait(60)
    with pipeline.warehouse() as connection:
        connection.execute("UPDATE live.position SET topic_id = 'another'")
    refused = pipeline.attempt("stream")
    assert refused.returncode == 1
    assert "was made anew" in refused.stderr
