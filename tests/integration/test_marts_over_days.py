"""Marts over the days that are kept: their identities hold after retention, and days have 23 hours, too."""

from datetime import date

import pytest

from migrations.marts import read_marts
from spark.ledger import Ledger
from tests.empty_database import Database
from tests.staged_events import StagedEvent, load
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

DAY = 1440


def test_every_identity_holds_once_a_month_is_removed(warehouse: Database) -> None:
    """Of the removed month, sketches know visitors and products that no event does."""
    old = [StagedEvent(n, -2 * DAY + n, device=f"old {n}", product="q") for n in range(20)]
    with Ledger(warehouse.login) as ledger:
        load(ledger, [*old, *(StagedEvent(20 + n, DAY + n, device=f"new {n}") for n in range(10))])
        removed = dict.fromkeys(FACTS, 0) | {"fact_event": 20, "fact_product_view_event": 20}
        drop_month(ledger, date(2026, 1, 1), removed, [], "UTC")
    with warehouse.connect() as connection:
        connection.execute("SELECT etl.refresh_marts(even_if_fresh => true)")
        named = {mart.name: mart.identity for mart in read_marts() if mart.identity}
        held = {name: connection.execute(f"SELECT {told}".encode()).fetchall() for name, told in named.items()}
    assert {name for name, told in held.items() if told != [(True,)]} == set()


def test_the_pages_of_a_session_that_ends_behind_a_short_day_are_told(warehouse: Database) -> None:
    """24 hours from ten minutes before midnight, where the clocks go forward on the day after."""
    shown = [StagedEvent(n, DAY - 10 + 20 * n) for n in range(72)]
    short = "UPDATE {} SET date_key = 20260203 WHERE event_time > '2026-02-02 23:00Z'"
    steps = "SELECT sum(steps) FROM mart.next_pages('2026-02-01', '2026-02-01')"
    with Ledger(warehouse.login) as ledger:
        load(ledger, shown)
    with warehouse.connect() as connection:
        assert connection.execute(steps).fetchall() == [(73,)]
        connection.execute(short.format("fact_event").encode())
        assert connection.execute(steps).fetchall() == [(73,)]
