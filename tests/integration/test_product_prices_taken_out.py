"""Prices and first days of products are those of the events that are there: what goes takes its part along."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from config.settings import PROJECT_ROOT
from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import CART, ORDER, StagedEvent, full_refresh, hashed, load, load_again
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

DAY = 1440
PRICES = "SELECT price, valid_from, valid_to FROM dim_product_price ORDER BY price"
PRODUCTS = "SELECT product_id, price, created_date FROM dim_product WHERE product_key > 0 ORDER BY product_id"
ANNA = Visitor("anna", hashed("anna"))


def rows(warehouse: Database, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect("bi_reader") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query.encode()).fetchall()


def at(day: int, month: int = 2) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def test_a_full_refresh_leaves_no_price_and_no_first_day_that_no_event_shows(warehouse: Database) -> None:
    first = StagedEvent(0, 0, price=Decimal(12500))
    read_otherwise = replace(first, minutes=DAY, price=Decimal("12.5"))
    with Ledger(warehouse.login) as ledger:
        load(ledger, [first])
        with warehouse.connect() as connection:
            # From before views kept their price.
            connection.execute("UPDATE fact_product_view_event SET price = NULL")
        full_refresh(ledger, [read_otherwise])
    assert rows(warehouse, PRICES) == [(Decimal("12.5"), at(2), at(2))]
    assert rows(warehouse, PRODUCTS) == [("p", Decimal("12.5"), date(2026, 2, 2))]


def test_days_loaded_again_leave_the_prices_of_other_days_alone(warehouse: Database) -> None:
    events = [StagedEvent(n, n * DAY, price=Decimal(price)) for n, price in enumerate((10, 99, 10))]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        corrected = [replace(event, price=Decimal(11)) if event.price == 99 else event for event in events]
        load_again(ledger, corrected, date(2026, 2, 2), date(2026, 2, 2))
        assert rows(warehouse, PRICES) == [(Decimal(10), at(1), at(3)), (Decimal(11), at(2), at(2))]
        load_again(ledger, [replace(event, price=None) for event in events], date(2026, 2, 1), date(2026, 2, 3))
    assert rows(warehouse, PRICES) == []
    assert rows(warehouse, PRODUCTS) == [("p", None, date(2026, 2, 1))]


def test_whoever_is_forgotten_takes_prices_and_first_days_along(warehouse: Database) -> None:
    events = [
        StagedEvent(0, 17, user="anna", price=Decimal(77)),
        StagedEvent(1, DAY, device="phone", price=Decimal(80)),
        StagedEvent(2, 2 * DAY + 17, user="anna", price=Decimal(80)),
        StagedEvent(3, 2 * DAY + 1, user="anna", product="q", kind=ORDER, order_id="7"),
        StagedEvent(4, 3 * DAY, device="phone", product="q", kind=CART),
    ]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        assert rows(warehouse, PRODUCTS)[1] == ("q", None, date(2026, 2, 3))
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(Decimal(80), at(2), at(2))]
    assert rows(warehouse, PRODUCTS) == [("p", Decimal(80), date(2026, 2, 2)), ("q", None, date(2026, 2, 4))]


def test_of_whoever_is_forgotten_no_price_tells_the_time(warehouse: Database) -> None:
    """Though a view from before prices were kept does not say which it showed."""
    events = [
        StagedEvent(0, 17, user="anna", price=Decimal(77)),
        StagedEvent(1, 60, device="phone", price=Decimal(80)),
        StagedEvent(2, 77, user="anna", price=Decimal(80)),
        StagedEvent(3, DAY + 17, user="anna", price=Decimal(90)),
        StagedEvent(4, DAY + 60, device="phone", price=Decimal(90)),
    ]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        with warehouse.connect() as connection:
            connection.execute("UPDATE fact_product_view_event SET price = NULL")
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    at_one = events[1].time
    assert rows(warehouse, PRICES) == [(77, at(1), at(1)), (80, at_one, at_one), (90, at(2), events[4].time)]


@pytest.mark.parametrize("name", ["reload/012_touched_product", "load/081_dim_product_first_day"])
def test_a_day_that_goes_reads_no_other_months_events(warehouse: Database, name: str) -> None:
    statement = (PROJECT_ROOT / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, -80 * DAY), StagedEvent(1, -40 * DAY), StagedEvent(2, 0)])
    with warehouse.connect() as connection:
        connection.execute(
            "INSERT INTO staging.removed_event (event_id, event_time) SELECT event_id, event_time FROM fact_event"
            " WHERE date_key = 20260201"
        )
        connection.execute("INSERT INTO staging.touched_product SELECT product_key FROM dim_product")
        plan = [line for (line,) in connection.execute(f"EXPLAIN (ANALYZE) {statement}".encode()).fetchall()]
    read = [line for line in plan if " on fact_event_20" in line and "never executed" not in line]
    assert read and not [line for line in read if "_2025_" in line], plan
    assert any("fact_recommendation_date" in line for line in plan), plan


def test_prices_and_first_days_of_removed_months_stay(warehouse: Database) -> None:
    events = [
        StagedEvent(0, -DAY, device="phone", price=Decimal(80)),
        StagedEvent(1, DAY, user="anna", price=Decimal(80)),
    ]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        counted = dict.fromkeys(FACTS, 0) | {"fact_event": 1, "fact_product_view_event": 1}
        drop_month(ledger, date(2026, 1, 1), counted, [], "UTC")
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(Decimal(80), at(31, 1), at(31, 1))]
    assert rows(warehouse, PRODUCTS) == [("p", Decimal(80), date(2026, 1, 31))]


SHOWN_BY_PHONE = [StagedEvent(n, n * DAY, device="phone", price=Decimal(12 if n in (3, 4) else 10)) for n in range(20)]
"""10 on twenty days, but 12 on two of them."""


def test_views_without_a_price_may_have_shown_one_until_the_latest_of_them(warehouse: Database) -> None:
    late = StagedEvent(20, 20 * DAY, user="anna", price=Decimal(10))
    with Ledger(warehouse.login) as ledger:
        load(ledger, SHOWN_BY_PHONE)
        with warehouse.connect() as connection:
            connection.execute("UPDATE fact_product_view_event SET price = NULL")
        load(ledger, [late])
        assert rows(warehouse, PRICES) == [(10, at(1), at(21)), (12, at(4), at(5))]
        load_again(ledger, [replace(late, price=Decimal(11))], date(2026, 2, 21), date(2026, 2, 21))
        assert rows(warehouse, PRICES) == [(10, at(1), at(20)), (11, at(21), at(21)), (12, at(4), at(5))]
        assert rows(warehouse, PRODUCTS)[0][1] == 11
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(10, at(1), at(20)), (12, at(4), at(5))]
    assert rows(warehouse, PRODUCTS)[0][1] == 10


def test_views_without_a_price_may_have_shown_one_from_the_earliest_of_them(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, 0, user="anna", price=Decimal(10)), *SHOWN_BY_PHONE[1:]])
        with warehouse.connect() as connection:
            connection.execute("UPDATE fact_product_view_event SET price = NULL WHERE event_time > '2026-02-01 12:00Z'")
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(10, at(2), at(20)), (12, at(4), at(5))]


def test_views_of_removed_months_may_have_shown_a_price_until_their_last_day(warehouse: Database) -> None:
    removed = [replace(each, minutes=each.minutes - 25 * DAY) for each in SHOWN_BY_PHONE]
    with Ledger(warehouse.login) as ledger:
        load(ledger, removed)
        load(ledger, [StagedEvent(20, 2 * DAY, user="anna", price=Decimal(10))])
        counted = dict.fromkeys(FACTS, 0) | {"fact_event": 20, "fact_product_view_event": 20}
        drop_month(ledger, date(2026, 1, 1), counted, [], "UTC")
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(10, at(7, 1), at(31, 1)), (12, at(10, 1), at(11, 1))]
    assert rows(warehouse, PRODUCTS)[0][1] == 10


def test_a_product_keeps_its_price_where_another_was_shown_on_the_same_removed_day(warehouse: Database) -> None:
    """Though the other was shown on fewer days, and nothing tells any more which was the later."""
    prices = {-20 * DAY: 12, -DAY + 600: 10, -DAY + 900: 12}
    events = [StagedEvent(n, minutes, price=Decimal(price)) for n, (minutes, price) in enumerate(prices.items())]
    events.append(StagedEvent(3, DAY, kind=CART))
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        assert rows(warehouse, PRODUCTS) == [("p", 12, date(2026, 1, 12))]
        counted = dict.fromkeys(FACTS, 0) | {"fact_event": 3, "fact_product_view_event": 3}
        drop_month(ledger, date(2026, 1, 1), counted, [], "UTC")
        load_again(ledger, events, date(2026, 2, 2), date(2026, 2, 2))
    assert rows(warehouse, PRICES) == [(10, at(31, 1), at(31, 1)), (12, at(12, 1), at(31, 1))]
    assert rows(warehouse, PRODUCTS) == [("p", 12, date(2026, 1, 12))]


@pytest.mark.parametrize("is_month_removed", [False, True])
def test_of_two_prices_of_one_second_no_run_shows_another(warehouse: Database, is_month_removed: bool) -> None:
    """Of what retention has removed, before it has run for the first time, nothing is known."""
    events = [StagedEvent(0, -DAY, product="q")]
    events += [StagedEvent(n, 60, device=f"d{n}", price=Decimal(8 + 2 * n)) for n in (1, 2)]
    shown = []
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        if is_month_removed:
            counted = dict.fromkeys(FACTS, 0) | {"fact_event": 1, "fact_product_view_event": 1}
            drop_month(ledger, date(2026, 1, 1), counted, [], "UTC")
        for number in (3, 4, 5):
            events.append(StagedEvent(number, 60 + number, kind=CART))
            load(ledger, events[-1:])
            shown += rows(warehouse, "SELECT price FROM dim_product WHERE product_id = 'p'")
        load_again(ledger, events, date(2026, 2, 1), date(2026, 2, 1))
        shown += rows(warehouse, "SELECT price FROM dim_product WHERE product_id = 'p'")
    assert shown == [(10,)] * 4


def test_what_a_kept_view_shows_in_the_second_of_an_erased_one_stays(warehouse: Database) -> None:
    events = [
        StagedEvent(0, 60, device="phone", price=Decimal(10)),
        StagedEvent(1, DAY + 700, device="phone", price=Decimal(10)),
        StagedEvent(2, DAY + 700, user="anna", price=Decimal(10)),
        StagedEvent(3, DAY + 700, user="anna", price=Decimal(99)),
    ]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    assert rows(warehouse, PRICES) == [(10, events[0].time, events[1].time)]


def test_the_day_of_an_erased_view_is_one_of_the_business_time_zone(warehouse: Database) -> None:
    """17:00 of UTC is 2:00 of the next day in Tokyo."""
    zone = "INSERT INTO etl.definition (name, run_id, value) SELECT 'business time zone', max(run_id), %s FROM etl.run"
    with Ledger(warehouse.login) as ledger:
        load(ledger, [StagedEvent(0, 17 * 60, user="anna", price=Decimal(77))])
        with warehouse.connect() as connection:
            connection.execute("UPDATE fact_product_view_event SET price = NULL")
            connection.execute(zone, ["Asia/Tokyo"])
        ledger.transaction(lambda connection: erase_facts(connection, ANNA, [], DESCRIPTION))
    begun = at(1).replace(hour=15)
    assert rows(warehouse, PRICES) == [(77, begun, begun)]


def test_of_removed_days_no_price_and_no_daily_row_tells_the_time(warehouse: Database) -> None:
    """Also those that an earlier version left."""
    exact = "SELECT first_view_time, last_view_time, avg_view_timestamp, view_duration_seconds FROM fact_product_views"
    earlier = "UPDATE fact_product_views SET last_view_time = '2026-01-31 12:00' WHERE date_key < 20260201"
    seen = [StagedEvent(n, -DAY + 17 + n, device=f"d{n % 2}", price=Decimal(80)) for n in range(4)]
    with Ledger(warehouse.login) as ledger:
        load(ledger, [*seen, StagedEvent(4, 17, price=Decimal(90))])
        counted = dict.fromkeys(FACTS, 0) | {"fact_event": 4, "fact_product_view_event": 4}
        for _ in range(2):
            drop_month(ledger, date(2026, 1, 1), counted, [], "UTC")
            assert rows(warehouse, f"{exact} WHERE date_key < 20260201") == [(at(31, 1), at(31, 1), at(31, 1), 0)]
            kept = seen[0].time.replace(month=2, day=1)
            assert rows(warehouse, PRICES) == [(80, at(31, 1), at(31, 1)), (90, kept, kept)]
            assert rows(warehouse, f"{exact} WHERE date_key > 20260131") == [(kept, kept, kept, 0)]
            with warehouse.connect() as connection:
                connection.execute(earlier)
            counted = dict.fromkeys(FACTS, 0)
