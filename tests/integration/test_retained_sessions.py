"""Aggregates are never told anew from detail that is gone: sessions and orders over retention's boundary."""

import re
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from config.settings import PROJECT_ROOT
from spark.ledger import Ledger
from spark.quality import read_checks, run_checks
from tests.empty_database import Database
from tests.staged_events import CART, ORDER, StagedEvent, hashed, load, load_again
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts, find_facts
from utilities.erasure.visitor import Visitor
from utilities.product_catalog.merge import Catalog, load_catalog
from utilities.reconciliation.warehouse_figures import comparisons
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))

JANUARY, FEBRUARY, FIRST_KEPT_DAY = date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 1)
MIDNIGHT = [
    StagedEvent(0, -1500, product="q"),  # a session of its own, a day before
    StagedEvent(1, -20, product="q"),
    StagedEvent(2, -10, user="anna", kind=CART),
    StagedEvent(3, -5, user="anna", kind=ORDER, order_id="1001"),
    StagedEvent(4, 5, user="anna"),
    StagedEvent(5, 10, user="anna", kind=ORDER, order_id="1001"),
    StagedEvent(6, 12, user="bert"),
    StagedEvent(7, -3, device="phone", user="anna"),
    StagedEvent(8, 600, device="phone", user="anna", kind=ORDER, order_id="1001"),
]
# Somebody else who logs in on the tablet within the same second as anna leaves it, and one who never ends.
TURNS = [
    StagedEvent(9, -2, device="till", user="carl"),
    StagedEvent(10, -2, device="till", user="dora"),
    StagedEvent(11, 1, device="till", user="dora"),
    StagedEvent(12, 1, device="till", user="carl"),
]
ROBOT = [StagedEvent(13 + n, -3600 + 25 * n, device="robot") for n in range(200)]
EVENTS = [*MIDNIGHT, *TURNS, *ROBOT]

SESSIONS = "SELECT * FROM fact_session WHERE visitor IS NOT NULL ORDER BY started_at, session_id"
ORDERS = "SELECT * FROM fact_order WHERE order_id IS NOT NULL ORDER BY order_key"
OF_ORDERS = "SELECT order_key, order_id, event_time, person, events, lines, revenue FROM fact_order ORDER BY order_key"
LINES = "SELECT * FROM fact_order_line ORDER BY order_key, line_number"
OF_EVENTS = """
SELECT event_id, session_id, person, order_key FROM fact_event WHERE date_key >= 20260201 ORDER BY event_id
"""
VIEWS = "SELECT event_id, session_id, person FROM fact_product_view_event WHERE date_key >= 20260201 ORDER BY event_id"
EVERY_EVENT = "SELECT count(*), sum(events) FROM fact_session"
WHOSE = "SELECT count(*) FROM fact_session WHERE date_key < 20260201 AND coalesce(visitor, person) IS NOT NULL"
CARRIED = "SELECT count(*) FROM etl.carried_event"


def rows(warehouse: Database, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(query.encode()).fetchall()


def told(warehouse: Database) -> dict[str, list[tuple[Any, ...]]]:
    return {query: rows(warehouse, query) for query in (ORDERS, LINES, OF_EVENTS, VIEWS, EVERY_EVENT)}


def remove(ledger: Ledger, warehouse: Database, month: date) -> None:
    key = f"date_key / 100 = {month:%Y%m}"
    found = {fact: rows(warehouse, f"SELECT count(*) FROM {fact} WHERE {key}")[0][0] for fact in FACTS}
    drop_month(ledger, month, found, [], "UTC")


def reconciles(warehouse: Database) -> None:
    for name, _, count, _, other in comparisons():
        assert rows(warehouse, count) == rows(warehouse, other), name


def test_the_first_kept_day_loaded_again_leaves_sessions_and_orders_over_the_boundary_as_they_were(
    warehouse: Database,
) -> None:
    with Ledger(warehouse.login) as ledger:
        load(ledger, EVENTS)
        before, sessions = told(warehouse), rows(warehouse, SESSIONS)
        load_again(ledger, EVENTS, FIRST_KEPT_DAY, FIRST_KEPT_DAY)
        assert told(warehouse) == before
        remove(ledger, warehouse, JANUARY)
        kept = rows(warehouse, SESSIONS)
        assert set(kept) < set(sessions)
        # The order's session of the phone ended before; the order, and its other sessions, go on.
        retained = told(warehouse)
        assert {**retained, ORDERS: before[ORDERS]} == before
        for _ in range(2):
            load_again(ledger, EVENTS, FIRST_KEPT_DAY, FIRST_KEPT_DAY)
            assert told(warehouse) == retained
            assert rows(warehouse, SESSIONS) == kept
            reconciles(warehouse)


def test_a_late_event_of_the_first_kept_day_belongs_to_the_session_and_the_order_that_began_before(
    warehouse: Database,
) -> None:
    late = [
        StagedEvent(213, 11, user="anna", kind=ORDER, order_id="1001"),
        StagedEvent(214, 0, device="phone", user="anna"),
    ]
    with Ledger(warehouse.login) as ledger:
        load(ledger, EVENTS)
        remove(ledger, warehouse, JANUARY)
        load(ledger, late)
        reconciles(warehouse)
        assert rows(warehouse, "SELECT events, lines, revenue FROM fact_order") == [(4, 1, 20)]
        of_anna = "FROM fact_session WHERE visitor = %s AND person = %s AND started_at < '2026-02-01'"
        for device, counted in (("tablet", (6, 2, 2)), ("phone", (2, 2, 1))):
            with warehouse.connect() as connection:
                found = connection.execute(
                    f"SELECT events, views, distinct_products {of_anna}".encode(), [hashed(device), hashed("anna")]
                ).fetchall()
            assert found == [counted], device


def test_whoever_is_forgotten_leaves_the_sessions_and_orders_over_the_boundary_to_the_others(
    warehouse: Database,
) -> None:
    with Ledger(warehouse.login) as ledger:
        load(ledger, EVENTS)
        remove(ledger, warehouse, JANUARY)
        anna = Visitor("anna", hashed("anna"))
        ledger.transaction(lambda connection: erase_facts(connection, anna, [], DESCRIPTION))
        reconciles(warehouse)
        left = ledger.transaction(lambda connection: find_facts(connection, anna, []))
        assert set(left.rows.values()) == {0} and left.loaded == set()
        assert rows(warehouse, "SELECT count(*) FROM fact_order") == [(0,)]
        # The guest's event of January, of which no other is left.
        tablet = f"visitor = '{hashed('tablet')}'"
        of_tablet = f"SELECT events, person = visitor FROM fact_session WHERE {tablet} ORDER BY started_at"
        assert rows(warehouse, of_tablet) == [(1, True), (1, False)]
        load_again(ledger, [e for e in EVENTS if e.user != "anna"], FIRST_KEPT_DAY, FIRST_KEPT_DAY)
        reconciles(warehouse)


def test_an_order_that_goes_on_without_its_session_keeps_what_led_to_it(warehouse: Database) -> None:
    orders = [StagedEvent(n, time, device="laptop", kind=ORDER, order_id="2002") for n, time in enumerate((-300, 600))]
    led = """
    SELECT last.source, first.source, events, session_id IS NULL FROM fact_order AS purchase
    JOIN dim_campaign AS last USING (campaign_key)
    JOIN dim_campaign AS first ON first.campaign_key = purchase.first_campaign_key
    """
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, orders[:1])
        for source, column in (("newsletter", "campaign_key"), ("google", "first_campaign_key")):
            owner.execute("INSERT INTO dim_campaign (campaign_hash, source) VALUES (%s, %s)", [hashed(source), source])
            member = f"(SELECT campaign_key FROM dim_campaign WHERE source = '{source}')"
            owner.execute(f"UPDATE fact_session SET {column} = {member}".encode())
            owner.execute(f"UPDATE fact_order SET {column} = {member}".encode())
        remove(ledger, warehouse, JANUARY)
        load(ledger, orders[1:])
        assert rows(warehouse, led) == [("newsletter", "google", 2, True)]
        reconciles(warehouse)


def test_what_is_carried_over_goes_with_the_month_in_which_it_ended(warehouse: Database) -> None:
    events = [*EVENTS, StagedEvent(213, 60 * 24 * 40, device="phone")]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        before = rows(warehouse, EVERY_EVENT)
        remove(ledger, warehouse, JANUARY)
        # Of the robot, what it did since it was cut last: at most a day.
        assert rows(warehouse, f"{CARRIED} WHERE visitor = '{hashed('robot')}'")[0][0] <= 24 * 60 / 25 + 1
        assert rows(warehouse, f"{CARRIED} WHERE event_id = '{EVENTS[0].event_id}'") == [(0,)]
        remove(ledger, warehouse, FEBRUARY)
        assert rows(warehouse, CARRIED) == [(0,)]
        assert rows(warehouse, EVERY_EVENT) == before
        assert rows(warehouse, "SELECT count(*) FROM fact_session WHERE visitor IS NOT NULL") == [(1,)]
        whose = "SELECT count(*) FROM fact_order WHERE coalesce(visitor, session_id) IS NOT NULL"
        assert rows(warehouse, whose) == [(0,)]
        load(ledger, [StagedEvent(214, 60 * 24 * 40 + 5, device="phone")])
        assert rows(warehouse, "SELECT count(*) FROM etl.sent_order_line") == [(0,)]
        reconciles(warehouse)


def test_what_earlier_versions_left_over_the_boundary_is_cut_there_and_counts_as_before(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They carried nothing over, and the detail is gone: an order is told by its row, a session is two."""
    monkeypatch.setenv("POSTGRES_DB", warehouse.name)
    below = str(ScriptDirectory.from_config(ALEMBIC).get_revision("0028").down_revision)
    with Ledger(warehouse.login) as ledger:
        load(ledger, EVENTS)
        remove(ledger, warehouse, JANUARY)
        before, orders = rows(warehouse, EVERY_EVENT), rows(warehouse, OF_ORDERS)
        over = rows(warehouse, WHOSE)[0][0]
        with warehouse.connect() as connection:
            connection.execute("DELETE FROM etl.sent_order_line WHERE date_key < 20260201")
    command.downgrade(ALEMBIC, below)
    command.upgrade(ALEMBIC, "head")
    with Ledger(warehouse.login) as ledger:
        for _ in range(2):
            reconciles(warehouse)
            (sessions, events) = rows(warehouse, EVERY_EVENT)[0]
            assert events == before[0][1] and before[0][0] < sessions <= before[0][0] + over
            assert rows(warehouse, WHOSE) == [(0,)]
            assert rows(warehouse, OF_ORDERS) == orders
            load_again(ledger, EVENTS, FIRST_KEPT_DAY, FIRST_KEPT_DAY)


REMOVED_DAYS = [
    f"SELECT told::text FROM {fact} AS told WHERE date_key < 20260201 ORDER BY 1"
    for fact in (
        "fact_product_views",
        "fact_daily_product_views",
        "fact_product_visitors",
        "fact_country_visitors",
        "fact_referrer_type_visitors",
    )
]
PRODUCTS = "SELECT product_id, created_date FROM dim_product WHERE product_key > 0 ORDER BY 1"
RECLASSIFIED = "UPDATE dim_referrer SET referrer_type = 'Search Engine'"


def test_whatever_comes_later_aggregates_of_removed_days_stay_as_they_are(warehouse: Database) -> None:
    """A day loaded again, a late event, referrers classified otherwise, an erasure."""
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        load(ledger, EVENTS)
        remove(ledger, warehouse, JANUARY)
        queries = [*REMOVED_DAYS, PRODUCTS]
        before = [rows(warehouse, query) for query in queries]
        assert all(before)
        owner.execute(RECLASSIFIED)
        load_again(ledger, EVENTS, FIRST_KEPT_DAY, FIRST_KEPT_DAY)
        load(ledger, [StagedEvent(213, 3, user="anna"), StagedEvent(214, 4, device="phone", user="anna", product="q")])
        for name in ("anna", "robot"):
            who = Visitor(name, hashed(name))
            ledger.transaction(partial(erase_facts, visitor=who, rejected=[], description=DESCRIPTION))
        assert [rows(warehouse, query) for query in queries] == before
        reconciles(warehouse)


def test_a_catalogue_of_the_middle_of_a_removed_day_is_no_fault_of_its_orders(
    warehouse: Database, tmp_path: Path
) -> None:
    """Retention leaves the day alone of an order's time, which is no longer compared with the versions of products."""
    ordered = StagedEvent(213, -16 * 1440 + 15 * 60, device="z", kind=ORDER, order_id="9")
    file = tmp_path / "catalogue.csv"

    def catalogue(price: str, valid_from: datetime) -> None:
        file.write_text(f"product_id,name,category,price,currency,active\np,Ring,rings,{price},EUR,true\n")
        ledger.transaction(lambda connection: load_catalog(connection, Catalog(file, valid_from)))

    def failed() -> list[str]:
        return ledger.transaction(
            lambda connection: [
                result.line
                for result in run_checks(connection, None, None, read_checks())
                if not result.passed and result.check.severity == "error"
            ]
        )

    with Ledger(warehouse.login) as ledger:
        load(ledger, [*EVENTS, ordered])
        catalogue("12.00", datetime(2026, 1, 1, tzinfo=UTC))
        catalogue("10.00", datetime(2026, 1, 16, 12, tzinfo=UTC))
        assert failed() == []
        remove(ledger, warehouse, JANUARY)
        assert failed() == []
        catalogue("11.00", datetime(2026, 2, 1, 12, tzinfo=UTC))
        assert failed() == []


def test_the_documented_questions_have_an_answer_where_hardly_anything_has_happened(warehouse: Database) -> None:
    page = (PROJECT_ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
    questions = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(questions) > 10
    day = -20 * 1440
    for events in (
        [StagedEvent(0, day, kind="search_box_action")],
        [
            StagedEvent(1, day + 90),
            StagedEvent(2, day + 300, device="b", kind="landing_page_recommendation_noticed"),
        ],
    ):
        with Ledger(warehouse.login) as ledger:
            load(ledger, events)
        with warehouse.connect("postgres") as connection:
            connection.execute("SELECT etl.refresh_marts(even_if_fresh => true)")
        for question in questions:
            with warehouse.connect("bi_reader") as connection:
                connection.execute(question.encode())
