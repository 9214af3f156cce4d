"""The shared capture, counted in plain Python, against what arrives in the warehouse and in Elasticsearch."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers

VISITORS_A_DAY = "SELECT count(DISTINCT visitor) FROM fact_product_view_event WHERE date_key = %s"


def read(capture: Path) -> list[dict[str, Any]]:
    with gzip.open(capture) as lines:
        return [json.loads(line) for line in lines]


def counted(pipeline: Pipeline, column: str, joins: str) -> Counter[str]:
    statement = f"SELECT {column}, sum(view_count)::bigint FROM fact_product_views {joins} GROUP BY 1"
    return Counter({str(value): count for value, count in pipeline.rows(statement)})


def test_the_warehouse_agrees_with_plain_python_on_the_capture(pipeline: Pipeline, capture: Path) -> None:
    events = read(capture)
    pipeline.run("utilities.replay_events", str(capture))
    pipeline.run_all()
    pipeline.run("utilities.replay_events", str(capture))
    pipeline.run_all()
    figures = pipeline.reconcile()

    assert figures["totals"]["landed"] == len(events)
    product_views = [event for event in events if event["collection"] == "view_product_detail"]
    views = list({event["id"]: event for event in product_views}.values())
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == len(views)

    visitors = {event["user_id_db"] or event["device_id"] for event in views}
    assert pipeline.value("SELECT count(DISTINCT visitor) FROM fact_product_view_event") == len(visitors)

    days = Counter(datetime.fromtimestamp(event["time_stamp"], UTC).strftime("%Y%m%d") for event in views)
    assert counted(pipeline, "date_key", "") == days

    stores = Counter(event["store_id"] for event in views)
    assert counted(pipeline, "store_id", "JOIN dim_country USING (country_key)") == stores

    products = Counter(event["product_id"] for event in views)
    assert counted(pipeline, "product_id", "JOIN dim_product USING (product_key)") == products

    # The registrable domain is taken from the public-suffix list; for these hosts it is a suffix of the host.
    hosts = Counter(urlsplit(event["referrer_url"]).hostname for event in views if event["referrer_url"])
    domains = counted(pipeline, "coalesce(referrer_domain, '')", "JOIN dim_referrer USING (referrer_key)")
    assert sum(domains.values()) == len(views)
    for host, count in hosts.most_common(20):
        assert host is not None
        assert any(host == domain or host.endswith(f".{domain}") for domain in domains if domain), (host, count)


def test_elasticsearch_holds_the_same_events_by_kind(pipeline: Pipeline, capture: Path) -> None:
    events = read(capture)
    pipeline.run("utilities.replay_events", str(capture))
    pipeline.run("kafka.mirror", MAX_MESSAGES="0")
    pipeline.run("kafka.indexer")
    with pipeline.search() as client:
        found = client.search(
            index="product-views",
            size=0,
            query={"term": {"kafka.topic": pipeline.topic}},
            aggs={"kinds": {"terms": {"field": "collection", "size": 50}}},
        )
    buckets = found["aggregations"]["kinds"]["buckets"]
    assert {bucket["key"]: bucket["doc_count"] for bucket in buckets} == Counter(e["collection"] for e in events)
