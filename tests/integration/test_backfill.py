"""Loading again: days, everything, or what was rejected. Every table but run columns is the same afterwards."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.events import FIRST_SECOND, act, order, view, views
from tests.pipeline import Pipeline
from tests.warehouse_checksums import checksums

DAY = 86_400

pytestmark = pytest.mark.servers


def load(pipeline: Pipeline, events: Sequence[dict[str, Any]], partition: int) -> None:
    pipeline.produce_events(events, partition)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")


def on_day(number: int, day: int, **changes: Any) -> dict[str, Any]:
    return view(number, **{"time_stamp": FIRST_SECOND + day * DAY + number, **changes})


def arrive(pipeline: Pipeline) -> None:
    """Three days in three runs: duplicates across runs and partitions, late events, orders, broken events."""
    first = [on_day(n, n % 2) for n in range(40)]
    cart = act(7, "add_to_cart_action", price="99,00", currency="€")
    load(pipeline, [*first, cart, order(7, 6200001, 80007), view(900, product_id=None), view(901, id="bad")], 2)
    load(pipeline, [*first[5:15], *(on_day(n, 2) for n in range(40, 60)), order(8, 6200001, 80009)], 1)
    late = [on_day(n, 0, device_id=first[0]["device_id"], referrer_url="https://t.co/x") for n in range(60, 70)]
    load(pipeline, [*late, *first[:5], order(7, 6200001, 80007, id=view(902)["id"]), view(903, time_stamp="soon")], 0)
    pipeline.run("kafka.indexer")


def test_loading_days_or_everything_again_leaves_every_table_as_it_was(pipeline: Pipeline) -> None:
    arrive(pipeline)
    before = checksums(pipeline)
    assert before["public.fact_event"][0] == 74
    assert before["public.fact_order"][0] == 2
    assert before["etl.rejected_event"][0] == 3
    pipeline.run("etl", "--from-date", "2026-01-01", "--to-date", "2026-01-02")
    assert checksums(pipeline) == before
    pipeline.reconcile()
    pipeline.run("etl", "--full-refresh")
    assert checksums(pipeline) == before
    pipeline.reconcile()
    assert pipeline.rows("SELECT mode, loaded, rejected FROM etl.run WHERE mode <> 'incremental' ORDER BY run_id") == [
        ("days", 0, 0),
        ("full refresh", 0, 0),
    ]
    load_under_other_definitions(pipeline)


def load_under_other_definitions(pipeline: Pipeline) -> None:
    """Another time zone and key: refused, and loaded anew in full, so that no row is left of the former ones."""
    others = {"BUSINESS_TIME_ZONE": "America/Los_Angeles", "VISITOR_HASH_KEY": "a key that was not there before"}
    before = pipeline.rows("SELECT DISTINCT visitor FROM fact_session")
    refused = pipeline.attempt("etl", **others)
    assert refused.returncode == 1
    assert "etl: the warehouse was loaded with BUSINESS_TIME_ZONE=UTC" in refused.stdout + refused.stderr
    pipeline.run("etl", "--full-refresh", **others)
    pipeline.reconcile()
    assert pipeline.value("SELECT min(date_key) FROM fact_event") == 20251231
    assert pipeline.value("SELECT count(*) FROM fact_product_views WHERE date_key = 20260103") == 0
    after = pipeline.rows("SELECT DISTINCT visitor FROM fact_session")
    assert len(after) == len(before)
    assert {visitor for (visitor,) in after}.isdisjoint(visitor for (visitor,) in before)


def test_rejected_events_are_loaded_after_a_fix_and_counted(pipeline: Pipeline) -> None:
    load(pipeline, [*views(10), view(20, product_id=None), view(21, product_id=None), view(22, id="bad")], 0)
    pipeline.run("kafka.indexer")
    with pipeline.raw() as raw:
        raw.update_one({"event.id": view(20)["id"]}, {"$set": {"event.product_id": "80020"}})
    pipeline.run("etl", "--replay-rejected", "--rule", "no_product")
    assert pipeline.rows("SELECT rule FROM etl.rejected_event ORDER BY 1") == [("malformed_id",), ("no_product",)]
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["duplicates"], totals["rejected"]) == (11, 0, 2)
    refused = pipeline.attempt("etl", "--from-date", "2026-01-01")
    assert refused.returncode == 1
    assert "--from-date: goes with --to-date" in (refused.stdout + refused.stderr)
    with pipeline.raw() as raw:
        raw.delete_one({"event.id": view(3)["id"]})
    facts = pipeline.value("SELECT count(*) FROM fact_event")
    lost = pipeline.attempt("etl", "--full-refresh")
    assert lost.returncode == 1
    assert f"of {pipeline.topic}:0 the raw store lacks 1 of the events" in lost.stdout + lost.stderr
    assert pipeline.value("SELECT count(*) FROM fact_event") == facts


def test_what_the_raw_store_has_lost_is_not_taken_out_of_the_facts(pipeline: Pipeline) -> None:
    pipeline.produce([(None, b"broken")], partition=0)
    load(pipeline, [*views(10), view(20, product_id=None), on_day(30, 1)], 0)
    before = checksums(pipeline)
    with pipeline.raw() as raw:
        lost = raw.find_one_and_delete({"event.id": view(3)["id"]})
        assert lost is not None
        # As where the broken record lands after a mend, below the watermark: the number is what it was.
        raw.insert_one({**lost, "_id": f"{pipeline.topic}:00000:{0:019d}", "event": {}})
    refused = pipeline.attempt("etl", "--full-refresh")
    assert refused.returncode == 1
    told = "the raw store lacks 1 of the events that were read before (the first at offset 4)"
    assert told in refused.stderr + refused.stdout
    # Before anything is read: what lands meanwhile would come behind the reader's back.
    assert "starting Spark" not in refused.stdout
    assert checksums(pipeline) == before
    with pipeline.raw() as raw:
        raw.delete_one({"_id": f"{pipeline.topic}:00000:{0:019d}"})
    pipeline.run("etl", "--from-date", "2026-01-02", "--to-date", "2026-01-02")
    assert checksums(pipeline) == before


def replay(pipeline: Pipeline) -> str:
    """What `etl --replay-rejected` says."""
    done = pipeline.attempt("etl", "--replay-rejected")
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_rejected_events_that_the_raw_store_has_lost_stay_rejected(pipeline: Pipeline) -> None:
    pipeline.produce([(None, b"broken")], partition=0)
    load(pipeline, [*views(10), view(20, product_id=None), view(21, product_id=None)], 0)
    pipeline.run("kafka.indexer")
    with pipeline.raw() as raw:
        lost = raw.find_one_and_delete({"event.id": view(20)["id"]})
        assert lost is not None
        # As where the broken record lands after a mend, below the watermark: the number is what it was.
        raw.insert_one({**lost, "_id": f"{pipeline.topic}:00000:{0:019d}", "event": {}})
        raw.update_one({"event.id": view(21)["id"]}, {"$set": {"event.product_id": "80021"}})
    assert "for the raw store lacks them events=1" in replay(pipeline)
    assert pipeline.rows("SELECT bus_offset FROM etl.rejected_event") == [(11,)]
    pipeline.run("utilities.delete_mongo_data", "--yes")
    assert "for the raw store lacks them events=1" in replay(pipeline)
    assert pipeline.rows("SELECT bus_offset FROM etl.rejected_event") == [(11,)]
    pipeline.run("kafka.landing")
    pipeline.run("etl", "--replay-rejected")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["duplicates"], totals["rejected"]) == (11, 0, 1)
    with pipeline.raw() as raw:
        raw.update_many({}, {"$set": {"landed_at": datetime.now(UTC) - timedelta(days=100)}})
    pipeline.run("utilities.retention", "--raw-older-than", "90d", "--yes")
    # What retention took is not looked for.
    pipeline.run("etl", "--replay-rejected")
    totals = pipeline.reconcile()["totals"]
    assert (totals["duplicates"], totals["rejected"], totals["raw_removed"]) == (0, 1, 12)
