"""Files of events, counted in plain Python, against what arrives in the warehouse and in Elasticsearch."""

import gzip
from collections import Counter
from collections.abc import Iterable
from hashlib import md5
from pathlib import Path

import pytest

from tests import answers
from tests.marts_by_hand import assert_the_marts_are
from tests.pipeline import Pipeline
from tests.plain_counts import (
    Event,
    conversion,
    day,
    distinct,
    domain,
    of_kind,
    orders,
    person,
    persons,
    purchases,
    sessions,
    sound_event,
    visitor,
)
from tests.warehouse_checksums import checksums

GENERATED = answers.generated()
SESSIONS = """
SELECT extract(epoch FROM started_at)::bigint, extract(epoch FROM ended_at)::bigint, events, views, reached_order,
       person <> visitor, count(*)
FROM fact_session GROUP BY 1, 2, 3, 4, 5, 6
"""
CONVERSION = "SELECT 100.0 * count(*) FILTER (WHERE reached_order) / count(*) FROM fact_session"

pytestmark = pytest.mark.servers


def views_by(pipeline: Pipeline, column: str, joins: str = "") -> Counter[str]:
    statement = f"SELECT {column}, sum(view_count)::bigint FROM fact_product_views {joins} GROUP BY 1"
    return Counter({str(value): count for value, count in pipeline.rows(statement)})


def assert_the_views_are(pipeline: Pipeline, views: list[Event], persons: dict[int, str]) -> None:
    assert pipeline.value("SELECT sum(view_count) FROM fact_product_views") == len(views)
    visitors = {visitor(view) for view in views}
    assert pipeline.value("SELECT count(DISTINCT visitor) FROM fact_product_view_event") == len(visitors)
    who = {persons[id(view)] for view in views}
    assert pipeline.value("SELECT count(DISTINCT person) FROM fact_product_view_event") == len(who)
    assert views_by(pipeline, "date_key") == Counter(map(day, views))
    stores = views_by(pipeline, "store_id", "JOIN dim_store USING (country_key)")
    assert stores == Counter(view["store_id"] for view in views)
    products = views_by(pipeline, "product_id", "JOIN dim_product USING (product_key)")
    assert products == Counter(view["product_id"] for view in views)
    domains = views_by(pipeline, "coalesce(referrer_domain, '')", "JOIN dim_referrer USING (referrer_key)")
    assert domains == Counter(domain(view["referrer_url"]) for view in views)
    agents = pipeline.rows(
        "SELECT replace(user_agent_hash::text, '-', ''), count(*)"
        " FROM fact_product_view_event JOIN dim_user_agent USING (user_agent_key) GROUP BY 1"
    )
    assert dict(agents) == Counter(md5(view["user_agent"].strip().encode()).hexdigest() for view in views)


def assert_the_visits_are(pipeline: Pipeline, events: list[Event]) -> None:
    kinds = pipeline.rows("SELECT kind, count(*) FROM fact_event JOIN dim_event_kind USING (kind_key) GROUP BY 1")
    assert dict(kinds) == Counter(event["collection"] for event in events)
    made = {id(acts[0]) for acts in purchases(events)}
    expected = Counter(told(session, made) for session in sessions(events))
    assert Counter({tuple(row[:6]): row[6] for row in pipeline.rows(SESSIONS)}) == expected
    assert float(pipeline.value(CONVERSION)) == pytest.approx(conversion(events))
    # Both sides of a login are one person, and no session has two.
    assert pipeline.value("SELECT count(DISTINCT person) FROM fact_event") == len(set(persons(events).values()))
    assert pipeline.value("SELECT count(*) FROM fact_event WHERE user_hash <> person") == 0
    carts = pipeline.rows(
        "SELECT product_id, count(*) FROM fact_cart_event JOIN dim_product USING (product_key) GROUP BY 1"
    )
    assert dict(carts) == Counter(event["product_id"] for event in of_kind(events, "add_to_cart_action"))
    found = pipeline.rows("SELECT coalesce(order_id, ''), lines, items FROM fact_order")
    assert Counter(found) == orders(events)


def told(session: list[Event], made: set[int]) -> tuple[int, int, int, int, bool, bool]:
    """What SESSIONS tells of a session; `made` are the events that made an order, by their `id()` in Python."""
    return (
        session[0]["time_stamp"],
        session[-1]["time_stamp"],
        len(session),
        len(of_kind(session, "view_product_detail")),
        any(id(event) in made for event in session),
        person(session) != visitor(session[0]),
    )


def assert_the_index_holds(pipeline: Pipeline, events: Iterable[Event]) -> None:
    """Elasticsearch has what was sent, however often."""
    with pipeline.search() as client:
        found = client.search(
            index="product-views",
            size=0,
            query={"term": {"kafka.topic": pipeline.topic}},
            aggs={"kinds": {"terms": {"field": "collection", "size": 50}}},
        )
    buckets = found["aggregations"]["kinds"]["buckets"]
    assert {bucket["key"]: bucket["doc_count"] for bucket in buckets} == Counter(e["collection"] for e in events)


def test_a_login_does_not_split_a_person(capture: Path) -> None:
    """By device 4.27 % of the capture's sessions have an order; 3.75 % had while a login began another visitor's."""
    with gzip.open(capture) as lines:
        events = distinct(event for line in lines if (event := sound_event(line)) is not None)
    if len(events) != 17_434:
        pytest.skip("another capture is named")
    assert round(conversion(events), 2) == 4.27
    assert all(
        of_kind(visit, "view_product_detail") for visit in sessions(events) if of_kind(visit, "checkout_success")
    )


def assert_all_agrees(pipeline: Pipeline, lines: list[bytes]) -> None:
    """Every stage holds the sound events of `lines`, and the facts each of them once."""
    sent = [event for line in lines if (event := sound_event(line)) is not None]
    totals = pipeline.reconcile()["totals"]
    assert (totals["landed"], totals["dead_landing"]) == (len(sent), len(lines) - len(sent))
    assert totals["dead_indexer"] == totals["dead_landing"]
    events = distinct(sent)
    assert (totals["loaded"], totals["duplicates"], totals["rejected"]) == (len(events), len(sent) - len(events), 0)
    assert_the_views_are(pipeline, of_kind(events, "view_product_detail"), persons(events))
    assert_the_visits_are(pipeline, events)
    assert_the_marts_are(pipeline, events)
    assert_the_index_holds(pipeline, sent)


def test_all_stages_agree_with_plain_python_on_the_capture_however_often_it_is_sent(
    pipeline: Pipeline, capture: Path
) -> None:
    pipeline.run("utilities.replay_events", str(capture))
    pipeline.run_all()
    with gzip.open(capture) as lines:
        assert_all_agrees(pipeline, [line.removesuffix(b"\n") for line in lines])
    before = checksums(pipeline)
    pipeline.run("utilities.replay_events", str(capture))
    pipeline.run_all()
    assert checksums(pipeline) == before


def assert_the_questions_are_answered(pipeline: Pipeline, directory: Path) -> None:
    """As docs/questions.md answers them, which are of these events and of the catalogues that it shows."""
    for text, valid_from in answers.catalogues():
        file = directory / "catalogue.csv"
        file.write_text(text)
        pipeline.run("utilities.load_product_catalog", str(file), "--valid-from", valid_from)
    with pipeline.warehouse("bi_reader", "postgres_bi_password") as reader:
        wrong = [*answers.wrong_answers(reader)]
    assert not wrong, "docs/questions.md should say:\n" + "\n".join(wrong)


def test_all_stages_agree_with_plain_python_on_generated_events_however_often_they_are_sent(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    file = tmp_path / "events.jsonl"
    pipeline.run("utilities.generate_events", *GENERATED, "--file", str(file))
    # What `make demo` does.
    for _ in range(2):
        pipeline.run("utilities.generate_events", *GENERATED)
    pipeline.run_all()
    lines = file.read_bytes().split(b"\n")[:-1]
    assert len(lines) == int(GENERATED[GENERATED.index("--events") + 1])
    assert_all_agrees(pipeline, lines)
    assert_the_questions_are_answered(pipeline, tmp_path)
    before = checksums(pipeline)
    pipeline.run("utilities.generate_events", *GENERATED)
    pipeline.run_all()
    assert checksums(pipeline) == before
