"""Lineage: from any event to its place at the source and to the number it counts in, and back."""

import json
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from tests.events import act, order, view
from tests.pipeline import Pipeline
from utilities.stores.bus_records import delete_records

DEAD = "0dead000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.servers


def trace(pipeline: Pipeline, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and what was printed as JSON."""
    result = pipeline.attempt("utilities.trace", *arguments, "--json")
    assert result.stdout, result.stderr
    return result.returncode, json.loads(result.stdout)


def way(pipeline: Pipeline, event_id: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Outcome and steps by stage of the only record that has the id."""
    status, found = trace(pipeline, "--event-id", event_id)
    assert status == 0
    (only,) = found["ways"]
    return only["outcome"], {step["stage"]: {**step["facts"], "text": step["text"]} for step in only["steps"]}


def test_every_event_can_be_traced_from_the_source_to_where_it_counts_or_stopped(pipeline: Pipeline) -> None:
    old = view(6)
    del old["id"]
    first = [view(n) for n in range(6)] + [old, order(7, 4711, 80007), act(8, "add_to_cart_action", price="1,00")]
    pipeline.produce_events(first, partition=1)
    pipeline.produce_events([view(3), view(9, product_id=""), view(1, device_id=view(0)["device_id"])], partition=2)
    pipeline.produce([(None, b'{"id": "%s", broken' % DEAD.encode())], partition=0)
    pipeline.run_all()
    pipeline.produce_events([view(10)], partition=0)
    for stage in ("kafka.mirror", "kafka.landing", "kafka.indexer"):
        pipeline.run(stage)
    pipeline.search().close()

    outcome, steps = way(pipeline, view(5)["id"].replace("-", ""))
    assert outcome == "loaded"
    assert (steps["source"]["partition"], steps["source"]["offset"]) == (1, 5)
    assert steps["bus"]["there"] and steps["bus"]["partition"] == 1
    assert steps["MongoDB"]["kind"] == "view_product_detail"
    assert steps["MongoDB"]["_id"] == steps["Elasticsearch"]["_id"]
    assert steps["run"]["mode"] == "incremental"
    assert steps["fact_product_view_event"]["event_id"] == view(5)["id"]
    assert (steps["fact_product_views"]["product_id"], steps["fact_product_views"]["view_count"]) == ("80005", 1)
    by_type = steps["fact_daily_product_views"]
    assert (by_type["referrer_type"], by_type["device_type"], by_type["views"]) == ("Direct", "Bot", 1)
    assert steps["fact_session"]["views"] == 1

    status, twice = trace(pipeline, "--event-id", view(3)["id"])
    outcomes = {each["outcome"] for each in twice["ways"]}
    assert (status, outcomes) == (0, {"loaded", "duplicate"})

    outcome, steps = way(pipeline, old["_id"])
    assert (outcome, steps["source"]["offset"]) == ("loaded", 6)
    outcome, steps = way(pipeline, first[7]["id"])
    assert steps["fact_order"]["order_id"] == "4711"
    outcome, steps = way(pipeline, view(9)["id"])
    assert (outcome, steps["warehouse"]["rule"]) == ("rejected", "no_product")
    outcome, steps = way(pipeline, DEAD)
    assert (outcome, steps["dead letter"]["reason"], steps["source"]["offset"]) == ("dead letter", "not_json", 0)
    outcome, steps = way(pipeline, view(10)["id"])
    assert (outcome, steps["Elasticsearch"]["_id"]) == ("not loaded yet", steps["MongoDB"]["_id"])

    position = steps["MongoDB"]["_id"]
    assert trace(pipeline, "--position", position)[1]["ways"][0]["outcome"] == "not loaded yet"
    assert trace(pipeline, "--event-id", "f523185f-406c-4bc8-9a0a-ea02de1b0e67") == (
        1,
        {"asked": "f523185f-406c-4bc8-9a0a-ea02de1b0e67", "ways": []},
    )
    _, day = trace(pipeline, "--product", "80005", "--date", "2026-01-01")
    assert (day["view_count"], [event["event_id"] for event in day["events"]]) == (1, [view(5)["id"]])

    admin = AdminClient(pipeline.source_client("admin", "source_admin_password"))
    delete_records(admin, pipeline.topic, {1: 6}, "letting the source forget")
    _, steps = way(pipeline, view(5)["id"])
    assert steps["source"]["text"].startswith("expired at the source")
    _, steps = way(pipeline, old["_id"])
    assert steps["source"]["offset"] == 6
