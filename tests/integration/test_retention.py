"""Retention: what is old goes, what was counted still is, and no later run undoes either."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from kafka.dead_letters.letter import read_dead_letters
from kafka.position import bus_position
from tests.events import act, order, view, views
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers

STAGES = ("kafka.mirror", "kafka.landing", "kafka.indexer", "etl")
AGGREGATES = {
    "fact_product_views": "sum(view_count)",
    "fact_daily_product_views": "count(*), sum(views)",
    "fact_session": "count(*), sum(events)",
    "fact_order": "count(*), sum(events)",
    "fact_product_visitors": "count(*), sum(hll_cardinality(visitors))",
}

WHOSE = {
    "fact_product_views": "device_key <> -1 OR view_duration_seconds <> 0"
    " OR array_remove(ARRAY[first_view_time, last_view_time, avg_view_timestamp], date_trunc('day', first_view_time))"
    " <> '{}'",
    "fact_session": "coalesce(visitor, person) IS NOT NULL OR device_key <> -1"
    " OR started_at <> date_trunc('day', started_at)",
    "fact_order": "coalesce(visitor, user_hash, session_id, person) IS NOT NULL OR device_key <> -1"
    " OR order_id IS NOT NULL",
}


def aggregates(pipeline: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    return {table: pipeline.rows(f"SELECT {sums} FROM {table}") for table, sums in AGGREGATES.items()}


def unlinked(pipeline: Pipeline) -> None:
    """Nothing that outlives the events of 2026-01 tells whose they were."""
    for table, whose in WHOSE.items():
        assert pipeline.value(f"SELECT count(*) FROM {table} WHERE date_key < 20260201 AND ({whose})") == 0, table
    assert pipeline.rows("SELECT FROM identity.device WHERE device_id = %s", f"device-{pipeline.name}") == []
    unused = "NOT EXISTS (SELECT FROM fact_session WHERE fact_session.device_key = dim_device.device_key)"
    assert pipeline.value(f"SELECT count(*) FROM dim_device WHERE device_key > 0 AND {unused}") == 0


def load(pipeline: Pipeline) -> None:
    for stage in STAGES:
        pipeline.run(stage)


def test_old_months_and_old_raw_events_go_and_every_number_still_holds(forgetting: Pipeline, tmp_path: Path) -> None:
    pipeline = forgetting
    now = int(time.time())
    # Of a device of its own: whoever is forgotten is looked for in the topics of all tests.
    third = view(3, device_id=f"device-{pipeline.name}")
    old = [*views(30), order(31, 17, 80001), act(32, "search_box_action", key_search="ring")]
    old[3] = third
    kept = [view(n, time_stamp=now) for n in range(100, 110)]
    pipeline.produce_events([*old, *kept, view(40, product_id="")])
    pipeline.produce([(b"young", b"broken")], partition=0)
    pipeline.produce([(b"old", b"broken")], partition=0, timestamp=(now - 100 * 86_400) * 1000)
    load(pipeline)
    before = aggregates(pipeline)
    counted = "SELECT count(DISTINCT (date_key, product_key, country_key, referrer_key, visitor)) FROM"
    visitors = pipeline.value(f"{counted} fact_product_view_event WHERE date_key < 20260201")
    retain = ("utilities.retention", "--facts-older-than", "1m", "--archive", str(tmp_path))

    lost = pipeline.value("INSERT INTO etl.run (mode) VALUES ('incremental') RETURNING run_id")
    shown = pipeline.run(*retain, "--dry-run")
    assert "fact_event of 2026-01" in shown
    assert pipeline.value("SELECT count(*) FROM fact_event") == 42
    assert pipeline.value("SELECT status FROM etl.run WHERE run_id = %s", lost) == "running"
    pipeline.run(*retain, "--yes")
    assert pipeline.value("SELECT status FROM etl.run WHERE run_id = %s", lost) == "crashed"
    assert pipeline.value("SELECT count(*) FROM fact_event") == 10
    assert pipeline.value("SELECT to_regclass('fact_event_2026_01')") is None
    assert aggregates(pipeline) == before
    unlinked(pipeline)
    old_days = "FROM fact_product_views WHERE date_key < 20260201"
    assert pipeline.value(f"SELECT sum(unique_visitors) {old_days}") == visitors
    archived = pyarrow.parquet.read_table(tmp_path / "fact_event_2026_01.parquet")
    assert archived.num_rows == 32
    assert {third["id"], old[30]["id"]} <= set(archived.column("event_id").to_pylist())
    assert pipeline.reconcile()["totals"]["facts_removed"] == 32

    # Nobody can tell any more whether an event of that month was loaded before.
    pipeline.produce_events([third, view(60)], partition=0)
    load(pipeline)
    assert pipeline.value("SELECT count(*) FROM etl.rejected_event WHERE rule = 'before_retention'") == 2
    assert aggregates(pipeline) == before
    pipeline.reconcile()

    # What was rejected long ago is emptied, and so are dead letters; both stay counted.
    pipeline.rows("UPDATE etl.run SET started_at = started_at - interval '91 days' WHERE run_id = 1 RETURNING 1")
    pipeline.run("etl")
    said = "SELECT count(*), count(original), count(value) FROM etl.rejected_event WHERE rule"
    assert pipeline.rows(f"{said} = 'no_product'") == [(1, 0, 0)]
    assert pipeline.rows(f"{said} = 'before_retention'") == [(2, 2, 2)]
    assert "emptied 2 dead letters" in pipeline.run("utilities.retention", "--dead-letters", "--yes")
    assert "nothing is that old" in pipeline.run("utilities.retention", "--dead-letters", "--dry-run")
    letters = list(read_dead_letters(pipeline.local_client("admin"), pipeline.environment["DEAD_LETTER_TOPIC"]))
    assert {(letter.key, letter.value, letter.status) for letter in letters} == {
        (b"young", b"broken", "pending"),
        (None, None, "expired"),
    }
    pipeline.reconcile()

    long_ago = datetime.now(UTC) - timedelta(days=100)
    aged = [bus_position(pipeline.topic, 1, offset) for offset in range(8)]
    with pipeline.raw() as raw:
        raw.update_many({"_id": {"$in": aged}}, {"$set": {"landed_at": long_ago}})
        landed = raw.count_documents({})
        pipeline.run("utilities.retention", "--raw-older-than", "90d", "--yes")
        assert raw.count_documents({}) == landed - 8
    totals = pipeline.reconcile()["totals"]
    assert totals["raw_removed"] == 8

    # The bus still holds them: landing everything again begins behind what was removed.
    with pipeline.raw() as raw:
        landed = raw.count_documents({})
        assert f"{pipeline.topic}:1 at offset 8" in pipeline.run("utilities.delete_mongo_data", "--yes")
        assert raw.count_documents({}) == 0
        pipeline.run("kafka.landing")
        assert raw.count_documents({}) == landed
        assert raw.count_documents({"_id": {"$in": aged}}) == 0
    assert pipeline.reconcile()["totals"] == totals

    refused = pipeline.attempt("etl", "--full-refresh")
    assert refused.returncode == 1
    assert "the first day that can be loaded again is 2026-02-01" in refused.stdout + refused.stderr
    today = datetime.now(UTC).date().isoformat()
    pipeline.run("etl", "--from-date", today, "--to-date", today)
    assert aggregates(pipeline) == before
    pipeline.reconcile()

    # Whoever is to be forgotten leaves the archive, and the sessions that still counted events of that month.
    done = pipeline.attempt("utilities.forget_visitor", "--device-id", third["device_id"], "--yes", "--truncate-bus")
    assert done.returncode == 0, done.stdout + done.stderr
    archived = pyarrow.parquet.read_table(tmp_path / "fact_event_2026_01.parquet")
    assert archived.num_rows == 31 and third["id"] not in archived.column("event_id").to_pylist()
    assert aggregates(pipeline) == before
    pipeline.reconcile()
