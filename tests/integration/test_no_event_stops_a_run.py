"""No event stops a run: what it carries is bounded, rejected by a rule, or by the database's own refusal."""

from decimal import Decimal
from typing import Any

import pytest

from tests.events import act, order, view, views
from tests.odd_events import odd_events
from tests.pipeline import Pipeline

pytestmark = pytest.mark.servers

# Rows that pass every rule, and that the database refuses all the same: when they are copied, and when they are loaded.
REFUSALS = (
    "ALTER TABLE staging.event ADD CONSTRAINT odd_copy CHECK (search_terms <> 'refused by copy')",
    "ALTER TABLE staging.referrer ADD CONSTRAINT odd_member CHECK (referrer_domain <> 'refused.example')",
    "ALTER TABLE staging.device ADD CONSTRAINT odd_told CHECK (raw_device_id <> 'refused member')",
    "ALTER TABLE fact_search ADD CONSTRAINT odd_load CHECK (search_terms <> 'refused by load')",
)
REJECTED = "SELECT rule, field, count(*) FROM etl.rejected_event GROUP BY 1, 2 ORDER BY 1, 2"
LINES = (
    "SELECT amount, price, line.currency, currency_sent FROM fact_order_line AS line JOIN fact_order USING (order_key)"
)


def load(pipeline: Pipeline, *events: dict[str, Any]) -> None:
    pipeline.produce_events(events, partition=0)
    for stage in ("kafka.mirror", "kafka.landing", "etl"):
        pipeline.run(stage, MAX_MESSAGES="0")


def test_whatever_events_carry_the_others_are_loaded(pipeline: Pipeline) -> None:
    load(pipeline, *odd_events(longest=6_000), *views(5, first=10_000))
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert totals["loaded"] > 1_000 and totals["rejected"] > 100
    assert pipeline.value("SELECT count(*) FROM mart.referrer_campaign") > 1
    assert {row[0] for row in pipeline.rows(REJECTED)} >= {"impossible_amount", "impossible_total", "too_many_lines"}


def test_what_the_database_refuses_is_rejected_and_the_rest_is_loaded(pipeline: Pipeline) -> None:
    for statement in REFUSALS:
        with pipeline.warehouse() as connection:
            connection.execute(statement.encode())
    searches = ["refused by copy", "fine", "refused by load", "fine too"]
    load(
        pipeline,
        *(act(n, "search_box_action", product_id=None, key_search=terms) for n, terms in enumerate(searches)),
        *views(20),
        view(21, referrer_url="https://refused.example/"),
        view(22, device_id="refused member"),
    )
    assert pipeline.rows(REJECTED) == [
        ("refused_by_database", "event", 1),
        ("refused_by_database", "load", 2),
        ("refused_by_database", "referrer", 1),
    ]
    reasons = sorted(row[0] for row in pipeline.rows("SELECT value FROM etl.rejected_event WHERE field = 'load'"))
    assert "odd_told" in reasons[0] and "odd_load" in reasons[1]
    pipeline.run("kafka.indexer")
    totals = pipeline.reconcile()["totals"]
    assert (totals["loaded"], totals["rejected"], totals["duplicates"]) == (22, 4, 0)
    for table, name in (
        ("staging.event", "odd_copy"),
        ("staging.referrer", "odd_member"),
        ("staging.device", "odd_told"),
        ("fact_search", "odd_load"),
    ):
        with pipeline.warehouse() as connection:
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}".encode())
    pipeline.run("etl", "--replay-rejected")
    assert pipeline.rows(REJECTED) == []
    assert pipeline.value("SELECT count(*) FROM fact_search") == 4


def test_money_is_what_it_says_and_is_never_added_over_unlike_currencies(pipeline: Pipeline) -> None:
    german = {"store_id": "6", "current_url": "https://www.shop.example.de/checkout/success"}

    def sent(number: int, *lines: tuple[Any, Any, Any]) -> dict[str, Any]:
        cart = [
            {"product_id": 1, "amount": amount, "price": price, "currency": symbol} for amount, price, symbol in lines
        ]
        return order(number, number, **german) | {"cart_products": cart}

    load(
        pipeline,
        act(1, "add_to_cart_action", price=49.995, currency="€", **german),
        act(2, "add_to_cart_action", price="12.500", currency="KWD", **german),
        sent(11, (2, 49.995, "€")),
        sent(12, (2, "10.00", "€"), (0, "999.00", "€")),
        sent(13, (-1, "10.00", "€")),
        sent(14, ("2,5", "80,00", "€")),
        sent(15, (1, "10.00", "€"), (1, "10.00", "£")),
        sent(16, (1, "10.00", "kr")),
        sent(17, (1, "", "€")),
        sent(18),
        sent(19, (1_000_000, "9999999.99", "€")),
        sent(20, ("two", "1.00", "€")),
    )
    assert pipeline.rows("SELECT price, currency, currency_sent FROM fact_cart_event ORDER BY event_time") == [
        (Decimal("49.995"), "EUR", "€"),
        (Decimal("12.500"), "KWD", "KWD"),
    ]
    found = pipeline.rows(
        "SELECT order_id, items, revenue, currency, revenue_missing FROM fact_order ORDER BY order_id"
    )
    assert found == [
        ("11", 2, Decimal("99.990"), "EUR", None),
        ("12", 2, 20, "EUR", None),
        ("13", -1, -10, "EUR", None),
        ("14", Decimal("2.5"), 200, "EUR", None),
        ("15", 2, None, None, "several currencies"),
        ("16", 1, None, None, "unknown currency"),
        ("17", 1, None, "EUR", "no price"),
        ("18", 0, None, None, "empty cart"),
    ]
    assert pipeline.rows(f"{LINES} WHERE order_id = '16'") == [(1, 10, None, "kr")]
    assert [row[0] for row in pipeline.rows(REJECTED)] == ["impossible_amount", "impossible_total"]
    assert pipeline.value("SELECT sum(revenue) FROM mart.product_revenue WHERE currency = 'Unknown'") is None
