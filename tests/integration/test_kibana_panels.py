"""Every panel's question, asked of the real Elasticsearch over generated events: each is answered with buckets."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from tests.events import order, view
from tests.feeds import declared_apart, prepare, search
from tests.panel_queries import is_told, request
from tests.pipeline import Pipeline
from utilities.bootstrap.lifecycle import apply_lifecycle
from utilities.kibana.saved_objects import PIPELINE_METRICS, saved_objects, searched_fields

pytestmark = pytest.mark.servers

MONTH = f"{PIPELINE_METRICS}-2026.01"
FEEDS = ("product_views", "click-events")


def metric(feed: str, name: str, dimension: str, member: str, value: float) -> dict[str, Any]:
    """A window of the live side, as `pipeline-metrics` has it."""
    at = "2026-01-05T12:00:00Z"
    told = {"feed": feed, "metric": name, "dimension": dimension, "member": member, "value": value, "unit": ""}
    window = {**told, "@timestamp": at, "is_closed": True, "batch_id": 7}
    return {"_index": MONTH, "_id": f"{feed}|{name}|{dimension}|{member}|{at}", "_source": window}


def windows() -> Iterator[dict[str, Any]]:
    for feed in FEEDS:
        yield metric(feed, "valid", "", "", 90)
        yield metric(feed, "invalid", "reason", "missing_id", 3)
        yield metric(feed, "late_events", "", "", 2)
        for name, value in (("throughput", 20.5), ("latency_p50", 0.4), ("latency_p95", 1.5), ("latency_p99", 2.5)):
            yield metric("pipeline", name, "feed", feed, value)


@pytest.fixture
def aliases(pipeline: Pipeline, tmp_path: Path) -> Iterator[dict[str, str]]:
    """By alias of the checkout: the one that holds the test's events."""
    pipeline.produce_events([view(n) for n in range(40)] + [order(n, f"62{n}") for n in range(40, 43)])
    pipeline.run("kafka.mirror")
    pipeline.run("kafka.indexer")
    feeds = prepare(pipeline, declared_apart(tmp_path / "feeds", pipeline.name))
    file = tmp_path / "events.jsonl"
    spread = ("--start", "2026-01-05", "--rate", "3", "--seconds", "1200", "--broken", "0.2")
    pipeline.run("utilities.generate_feeds", *spread, "--file", str(file))
    pipeline.run("utilities.generate_feeds", "--from", str(file))
    pipeline.run("kafka.indexer", "--feeds", "all")
    own = {feed.index.removeprefix(f"{pipeline.name}-"): feed.index for feed in feeds.values()}
    with search(pipeline, MONTH, "elastic") as client:
        client.indices.delete(index=MONTH, ignore_unavailable=True)
        client.indices.create(index=MONTH)
        bulk(client, windows(), refresh=True)
        yield {**own, "product-views": "product-views", PIPELINE_METRICS: PIPELINE_METRICS}
        client.indices.delete(index=MONTH)


def mapped(client: Elasticsearch, alias: str) -> dict[str, str]:
    """The types of the fields that the indices behind an alias really have."""
    found = client.field_caps(index=alias, fields="*")["fields"]
    types = {name: next(iter(told)) for name, told in found.items() if not name.startswith("_")}
    return {name: kind for name, kind in types.items() if kind != "object"}


def test_every_panel_is_answered_and_reads_fields_as_they_are_mapped(
    pipeline: Pipeline, aliases: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    objects = saved_objects()
    views = {each["id"]: each["attributes"]["title"] for each in objects if each["type"] == "index-pattern"}
    unanswered = []
    with search(pipeline, "*", "elastic") as client:
        for alias, types in searched_fields().items():
            assert mapped(client, aliases[alias]) == types, alias
        for panel in (each for each in objects if each["type"] == "lens"):
            alias = aliases[views[panel["references"][0]["id"]]]
            if not is_told(dict(client.search(index=alias, **request(panel))), panel):
                unanswered.append(panel["id"])
        with caplog.at_level(logging.INFO):
            apply_lifecycle(client, {"click-analytics": 60})
        kept = client.indices.get_index_template(name="product-views")["index_templates"][0]["index_template"]
    assert unanswered == []
    # This distribution has no policies: the component template that would name one is left out, and said to be.
    assert "no lifecycle management here" in caplog.text
    assert kept["composed_of"] == kept["ignore_missing_component_templates"] == ["product-views-retention"]
