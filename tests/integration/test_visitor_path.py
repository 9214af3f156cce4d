"""The visitor's path: carts, orders, searches, recommendations, options and sessions from the other kinds of event."""

from decimal import Decimal
from typing import Any

import pytest

from tests.events import FIRST_SECOND, act, order
from tests.pipeline import Pipeline

MINUTE, HOUR = 60, 3600
VISITOR = {"device_id": "one visitor", "user_agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/81.0"}

pytestmark = pytest.mark.servers


def load(pipeline: Pipeline, *events: dict[str, Any]) -> None:
    pipeline.produce_events(events, partition=0)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")


def at(second: int, number: int, kind: str = "view_product_detail", **changes: Any) -> dict[str, Any]:
    """What the one visitor did `second` seconds after the first."""
    return act(number, kind, time_stamp=FIRST_SECOND + second, **VISITOR, **changes)


def sessions(pipeline: Pipeline) -> list[tuple[int, int, int]]:
    """Start and end in seconds after the first event, and the number of events."""
    statement = """
        SELECT extract(epoch FROM started_at)::bigint - %s, extract(epoch FROM ended_at)::bigint - %s, events
        FROM fact_session ORDER BY started_at
    """
    return pipeline.rows(statement, FIRST_SECOND, FIRST_SECOND)


def test_a_late_event_joins_two_sessions_and_a_day_without_silence_is_cut(pipeline: Pipeline) -> None:
    load(pipeline, at(0, 1), at(10 * MINUTE, 2), at(50 * MINUTE, 3))
    assert sessions(pipeline) == [(0, 600, 2), (3000, 3000, 1)]
    load(pipeline, at(30 * MINUTE, 4))
    assert sessions(pipeline) == [(0, 3000, 4)]
    steps = range(50 * MINUTE + 25 * MINUTE, 26 * HOUR, 25 * MINUTE)
    load(pipeline, *(at(second, 100 + n) for n, second in enumerate(steps)))
    assert [(start, end - start < 24 * HOUR) for start, end, _ in sessions(pipeline)] == [(0, True), (87_000, True)]
    load(pipeline, at(-20 * MINUTE, 5))
    assert [start for start, _, _ in sessions(pipeline)] == [-1200, 85_500]
    assert pipeline.value("SELECT sum(events) FROM fact_session") == 6 + len(steps) - 1


def test_spam_is_apart_from_people_as_robots_are(pipeline: Pipeline) -> None:
    spam = {"referrer_url": "http://semalt.semalt.com/crawler.php?u=1"}
    nameless = act(4, "view_product_detail", **VISITOR | {"time_stamp": FIRST_SECOND + 4 * HOUR, "user_agent": ""})
    load(pipeline, at(0, 1, **spam), at(10, 2), at(2 * HOUR, 3), nameless)
    members = "SELECT referrer_key, referrer_type, referrer_name FROM dim_referrer WHERE referrer_domain IS NOT NULL"
    known = pipeline.rows(members)
    assert [(kind, name) for _, kind, name in known] == [("Spam", None)]
    assert pipeline.rows("SELECT is_bot FROM fact_event ORDER BY event_time") == [(True,), (False,), (False,), (True,)]
    assert pipeline.rows("SELECT is_bot FROM fact_session ORDER BY started_at") == [(True,), (False,), (True,)]
    # As former rules described it: the next run describes it anew, under its key.
    with pipeline.warehouse() as connection:
        connection.execute("UPDATE dim_referrer SET referrer_type = 'Other', referrer_name = 'former rules'")
    load(pipeline, at(6 * HOUR, 5, **spam))
    assert pipeline.rows(members) == known


def test_each_kind_of_event_becomes_its_fact(pipeline: Pipeline) -> None:
    option = [{"option_label": "alloy", "option_id": "1", "value_label": "", "value_id": "2"}]
    swedish = {"store_id": "19", "current_url": "https://www.shop.example.se/ring-1.html?alloy=white-585"}
    load(
        pipeline,
        at(0, 1, "view_home_page", product_id=None, current_url="https://www.shop.example.de/"),
        at(10, 2, "search_box_action", product_id=None, key_search="  Gold   RING "),
        at(20, 3, option=option),
        at(25, 3, "product_detail_recommendation_visible", product_id=None, viewing_product_id="80003"),
        at(
            30,
            3,
            "product_detail_recommendation_clicked",
            product_id=None,
            viewing_product_id="80003",
            recommendation_product_id="80004",
            recommendation_clicked_position=3,
        ),
        at(40, 4, "add_to_cart_action", price="2 499,00", currency="kr", option=option, **swedish),
        at(50, 5, "checkout", product_id=None),
        order(6, 6200001.0, 80004, 80005, time_stamp=FIRST_SECOND + 60, store_id="6", **VISITOR),
        order(7, 6200001, 80004, 80005, time_stamp=FIRST_SECOND + 70, store_id="6", **VISITOR),
        order(8, 6200001, 80006, time_stamp=FIRST_SECOND + 80, **VISITOR),
        order(9, "", 80007, price="", time_stamp=FIRST_SECOND + 90, device_id="another"),
        at(95, 9, "made_up_kind"),
    )
    pipeline.run("kafka.indexer")
    assert pipeline.rows("SELECT search_terms FROM fact_search") == [("gold ring",)]
    assert pipeline.rows("""
        SELECT r.place, r.step, seen.product_id, shown.product_id, r.recommendation_position
        FROM fact_recommendation r JOIN dim_product seen USING (product_key)
        JOIN dim_product shown ON shown.product_key = recommended_product_key ORDER BY event_time
    """) == [("product_detail", "visible", "80003", None, None), ("product_detail", "clicked", "80003", "80004", 3)]
    assert pipeline.rows("SELECT price, currency FROM fact_cart_event") == [(Decimal("2499.00"), "SEK")]
    assert pipeline.rows("""
        SELECT fact, option_label, option_value FROM (
            SELECT 'view' AS fact, option_group_key FROM fact_product_view_event
            UNION ALL SELECT 'cart', option_group_key FROM fact_cart_event
        ) AS chosen JOIN bridge_option_group USING (option_group_key) JOIN dim_option USING (option_key) ORDER BY 1
    """) == [("cart", "alloy", "white-585"), ("view", "alloy", "yellow-375")]
    assert pipeline.rows("""
        SELECT order_id, events, lines, items, revenue, currency FROM fact_order ORDER BY event_time
    """) == [
        ("6200001", 2, 2, 4, Decimal("4938.00"), "EUR"),
        ("6200001", 1, 1, 2, Decimal("2469.00"), "EUR"),
        (None, 1, 1, 2, Decimal("2469.00"), "EUR"),
    ]
    assert pipeline.rows("""
        SELECT entry_page, exit_page, duration_seconds, events, views, distinct_products, reached_cart,
               reached_checkout, reached_order
        FROM fact_session ORDER BY started_at
    """)[0][1:] == ("www.shop.example.co.uk/ring-8.html", 80, 10, 1, 1, True, True, True)
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["other_kinds"], totals["view_rows"]) == (11, 1, 1)
