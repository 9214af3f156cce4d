"""Who is one buyer is told within 24 hours: what comes later, or goes, changes no order of a closed day."""

from collections.abc import Sequence
from datetime import date
from itertools import permutations

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from config.settings import PROJECT_ROOT
from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import ORDER, StagedEvent, hashed, load, load_again
from utilities.reconciliation.warehouse_figures import comparisons
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

ALEMBIC = Config(str(PROJECT_ROOT / "alembic.ini"))
DAY = 1440
GUEST_AND_YVE = [
    StagedEvent(1, 720, device="tablet", kind=ORDER, order_id="7"),
    StagedEvent(2, 780, device="phone", user="yve", kind=ORDER, order_id="7"),
]
"""Two devices and two persons in one hour of the first of February."""
TILL = [StagedEvent(n + 3, 720 * n + 800, f"device {n}", kind=ORDER, order_id="7") for n in range(80)]
"""Others of the same id, as a store has that sends one id with all orders."""
LINKED = """
WITH first AS (SELECT order_key, event_id FROM fact_order ORDER BY event_time LIMIT 1), linked AS (
    UPDATE fact_event SET order_key = first.order_key FROM first
), gone AS (
    DELETE FROM fact_order USING first WHERE fact_order.order_key <> first.order_key
), converted AS (
    UPDATE fact_session SET reached_order = false, seconds_to_order = NULL
    FROM first WHERE session_id <> (SELECT session_id FROM fact_event WHERE event_id = first.event_id)
)
UPDATE fact_order SET events = 3 FROM first WHERE fact_order.order_key = first.order_key
"""
"""As before revision 0033: all are one order, and one session converts."""
APART = """
WITH last AS (SELECT event_id, order_key, session_id FROM fact_event ORDER BY event_time DESC LIMIT 1), named AS (
    UPDATE fact_event SET order_key = last.event_id FROM last WHERE fact_event.event_id = last.event_id
), line AS (
    INSERT INTO fact_order_line
    SELECT (jsonb_populate_record(line, jsonb_build_object('order_key', last.event_id))).*
    FROM fact_order_line AS line JOIN last USING (order_key)
), converted AS (
    UPDATE fact_session SET reached_order = true, seconds_to_order = 0
    FROM last WHERE fact_session.session_id = last.session_id
)
INSERT INTO fact_order
SELECT (jsonb_populate_record(purchase, jsonb_build_object('order_key', last.event_id, 'events', 1))).*
FROM fact_order AS purchase JOIN last USING (order_key)
"""
"""As before revision 0033, by the accident of a hash: the last event is an order of its own."""
OF_FEBRUARY = """
SELECT order_key, events, revenue FROM fact_order WHERE date_key BETWEEN 20260201 AND 20260202 ORDER BY event_time
"""


def chain(users: Sequence[str], order_id: str = "7", first: int = 0) -> list[StagedEvent]:
    """Each user is at a device of the one before and at one of the next, a minute apart."""
    places = [(user, f"{order_id} {n + far}") for n, user in enumerate(users) for far in (0, 1)]
    return [
        StagedEvent(first + n, n, device, user, ORDER, order_id=order_id) for n, (user, device) in enumerate(places)
    ]


def orders(warehouse: Database) -> list[tuple[object, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(OF_FEBRUARY).fetchall()


def remove_january(ledger: Ledger, warehouse: Database) -> None:
    with warehouse.connect() as connection:
        count = "SELECT count(*) FROM {} WHERE date_key / 100 = 202601"
        found = {fact: connection.execute(count.format(fact).encode()).fetchall()[0][0] for fact in FACTS}
    drop_month(ledger, date(2026, 1, 1), found, [], "UTC")
    with warehouse.connect() as connection:
        for name, _, told, _, other in comparisons():
            assert connection.execute(told.encode()).fetchall() == connection.execute(other.encode()).fetchall(), name


def test_an_id_that_is_used_again_weeks_later_changes_no_order_of_a_closed_day(warehouse: Database) -> None:
    """Yve is at the guest's tablet then: of the one id, she is not the guest of February."""
    with Ledger(warehouse.login) as ledger:
        load(ledger, GUEST_AND_YVE)
        before = orders(warehouse)
        assert [events for _, events, _ in before] == [1, 1]
        load(ledger, [StagedEvent(3, 40 * DAY, device="tablet", user="yve", kind=ORDER, order_id="7")])
        assert orders(warehouse) == before


def test_retention_of_an_id_of_weeks_before_changes_no_order_of_kept_days(warehouse: Database) -> None:
    events = [StagedEvent(0, -20 * DAY, device="tablet", user="yve", kind=ORDER, order_id="7"), *GUEST_AND_YVE]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        before = orders(warehouse)
        assert [events for _, events, _ in before] == [1, 1]
        remove_january(ledger, warehouse)
        load_again(ledger, events, date(2026, 2, 1), date(2026, 2, 1))
        assert orders(warehouse) == before


def test_whoever_ties_two_buyers_of_kept_days_together_is_carried_over(warehouse: Database) -> None:
    """An event of the evening before tells that the guest is yve."""
    events = [
        StagedEvent(0, -600, device="tablet", user="yve", kind=ORDER, order_id="7"),
        StagedEvent(1, 720, device="tablet", kind=ORDER, order_id="7"),
        StagedEvent(2, 780, device="phone", user="yve", kind=ORDER, order_id="7"),
    ]
    query = OF_FEBRUARY.replace("20260201 AND", "20260131 AND")
    with Ledger(warehouse.login) as ledger, warehouse.connect() as connection:
        load(ledger, events)
        before = connection.execute(query).fetchall()
        assert [events for _, events, _ in before] == [3]
        remove_january(ledger, warehouse)
        load_again(ledger, events, date(2026, 2, 1), date(2026, 2, 1))
        assert connection.execute(query).fetchall() == before


def test_who_is_one_buyer_is_told_whatever_the_hashes_and_however_many_links(warehouse: Database) -> None:
    told = "SELECT order_id, count(*), sum(events) FROM fact_order GROUP BY 1 ORDER BY 1"
    events: list[StagedEvent] = []
    for users in (*permutations(["anna", "ben", "yve"]), sorted((f"user {n}" for n in range(60)), key=hashed)):
        events += chain(users, f"{len(events):02}", len(events))
    with Ledger(warehouse.login) as ledger, warehouse.connect() as connection:
        load(ledger, events)
        assert connection.execute(told).fetchall() == [(f"{6 * n:02}", 1, 6) for n in range(6)] + [("36", 1, 120)]


def test_of_an_id_that_others_use_daily_weeks_later_no_closed_day_changes(warehouse: Database) -> None:
    with Ledger(warehouse.login) as ledger:
        load(ledger, [*GUEST_AND_YVE, *TILL])
        before = orders(warehouse)
        assert [events for _, events, _ in before] == [1, 1, 1, 1, 1]
        load(ledger, [StagedEvent(83, 40 * DAY, device="tablet", user="yve", kind=ORDER, order_id="7")])
        assert orders(warehouse) == before


def test_of_an_id_that_others_use_daily_only_the_buyers_of_kept_days_are_carried_over(warehouse: Database) -> None:
    till = [StagedEvent(n, 720 * (n - 60), f"device {n}", f"user {n}", ORDER, order_id="7") for n in range(60)]
    events = [*till, StagedEvent(60, 60, device="device 59", kind=ORDER, order_id="7")]
    carried = "SELECT array_agg(bus_offset ORDER BY bus_offset) FROM etl.carried_event"
    with Ledger(warehouse.login) as ledger, warehouse.connect() as connection:
        load(ledger, events)
        remove_january(ledger, warehouse)
        # Of the last 24 hours before, of which an event may yet come.
        assert connection.execute(carried).fetchall() == [([58, 59],)]


EVERYTHING = "SELECT * FROM fact_order JOIN fact_order_line USING (order_key) ORDER BY order_key"
CONVERTED = "SELECT session_id, seconds_to_order FROM fact_session WHERE reached_order ORDER BY session_id"


@pytest.mark.parametrize(
    ("events", "orders", "earlier"),
    [
        ([*GUEST_AND_YVE, *TILL, StagedEvent(83, 40 * DAY, "tablet", "yve", ORDER, order_id="7")], 83, LINKED),
        (chain(["anna", "ben", "yve"]), 1, APART),
    ],
)
def test_stored_orders_are_told_anew(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch, events: list[StagedEvent], orders: int, earlier: str
) -> None:
    monkeypatch.setenv("POSTGRES_DB", warehouse.name)
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
    with warehouse.connect() as connection:
        before, sessions = (connection.execute(query).fetchall() for query in (EVERYTHING, CONVERTED))
        assert len(before) == len(sessions) == orders
        connection.execute(earlier.encode())
        assert connection.execute(EVERYTHING).fetchall() != before
    command.downgrade(ALEMBIC, str(ScriptDirectory.from_config(ALEMBIC).get_revision("0033").down_revision))
    command.upgrade(ALEMBIC, "head")
    with warehouse.connect() as connection:
        assert connection.execute(EVERYTHING).fetchall() == before
        assert connection.execute(CONVERTED).fetchall() == sessions
        assert connection.execute("SELECT count(DISTINCT order_key) FROM fact_event").fetchall() == [(orders,)]
