"""Sessions and orders made anew: of what has changed and no more, and as one load of all events would make them."""

import logging
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from spark.ledger import Ledger
from tests.empty_database import Database, empty_warehouse
from tests.staged_events import CART, ORDER, VIEW, StagedEvent, hashed, load, load_again
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor
from utilities.local_servers.stack import Stack
from utilities.reconciliation.warehouse_figures import comparisons
from utilities.retention.removal import FACTS, drop_month

pytestmark = pytest.mark.servers

EVER, FEBRUARY = datetime(2015, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
EVENTS_A_DAY = 72
KINDS = (VIEW, VIEW, VIEW, CART, "checkout", ORDER, "search_box_action")
SESSIONS = """
SELECT session_id, visitor, person, started_at, ended_at, date_key, store_id, entry_page, exit_page, events, views,
       distinct_products, reached_cart, reached_checkout, reached_order, chain_started_at, pages, entry_page_type,
       next_page_type, exit_page_type, seconds_to_view, seconds_to_cart, seconds_to_checkout, seconds_to_order
FROM fact_session JOIN dim_store USING (country_key)
WHERE visitor IS NOT NULL AND ended_at >= '{since}'
"""
EVENTS = "SELECT event_id, session_id, person, order_key FROM fact_event WHERE event_time >= '{since}'"
VIEWS = "SELECT event_id, session_id, person FROM fact_product_view_event WHERE event_time >= '{since}'"
ORDERS = """
SELECT order_key, event_id, event_time, store_id, visitor, person, session_id, events, lines, revenue
FROM fact_order JOIN dim_store USING (country_key)
WHERE event_time >= '{since}'
"""
CONVERTED = "SELECT session_id FROM fact_session WHERE reached_order AND visitor IS NOT NULL ORDER BY 1"
ORDERED = "SELECT DISTINCT session_id FROM fact_order WHERE session_id IS NOT NULL ORDER BY 1"
Told = dict[str, list[tuple[Any, ...]]]


def rows(warehouse: Database, query: str) -> list[tuple[Any, ...]]:
    with warehouse.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(query.encode()).fetchall()


def told(warehouse: Database, since: datetime = EVER) -> Told:
    """Everything that is told of sessions and orders, surrogate keys apart."""
    return {
        query: rows(warehouse, f"{query.format(since=since)} ORDER BY 1") for query in (SESSIONS, EVENTS, VIEWS, ORDERS)
    }


@contextmanager
def another(servers: Stack, name: str) -> Iterator[tuple[Database, Ledger]]:
    with empty_warehouse(servers, f"{name}{os.getpid()}") as warehouse, Ledger(warehouse.login) as ledger:
        yield warehouse, ledger


def told_at_once(servers: Stack, events: Sequence[StagedEvent], since: datetime = EVER) -> Told:
    """What one load of all events makes of them."""
    with another(servers, "once") as (warehouse, ledger):
        load(ledger, events)
        return told(warehouse, since)


def agrees(warehouse: Database) -> None:
    """What sums and orders say of sessions."""
    for name, _, count, _, other in comparisons():
        assert rows(warehouse, count) == rows(warehouse, other), name
    assert rows(warehouse, CONVERTED) == rows(warehouse, ORDERED)


def forget(ledger: Ledger, who: str) -> None:
    visitor = Visitor(who, hashed(who))
    ledger.transaction(lambda connection: erase_facts(connection, visitor, [], DESCRIPTION))


def random_visits(seed: int, days: int, start: float) -> list[StagedEvent]:
    """Events of a device that hardly ever pauses, of two stores and users in turn, and of others who do, in any order.

    Silences about as long as those that end a session are frequent, as are events of one minute.
    """
    rng = random.Random(seed)
    visits = []
    for device, pause in (("till", 0.01), ("phone", 0.3), ("tablet", 0.3)):
        minute = start
        while minute < start + days * 1440:
            pauses = (600, 1500) if device != "till" else (30.5, 45)
            minute += rng.choice(pauses) if rng.random() < pause else rng.choice((0, 1, 15, 29.5, 30, 30))
            kind = rng.choice(KINDS)
            visits.append(
                StagedEvent(
                    0,
                    minute,
                    device=device,
                    user=rng.choice((None, None, None, "anna", "bert")),
                    kind=kind,
                    order_id=rng.choice("12") if kind == ORDER else None,
                    store=rng.choice("st"),
                )
            )
    rng.shuffle(visits)
    return [replace(visit, offset=offset) for offset, visit in enumerate(visits)]


def load_in_batches(ledger: Ledger, events: Sequence[StagedEvent], done: int, seed: int, first: date) -> None:
    """Load `events` from `done` on, of the size of a few or of many, and now and then days from `first` on again."""
    rng = random.Random(seed)
    while done < len(events):
        size = rng.choice((1, 5, 90))
        load(ledger, events[done : done + size])
        done += size
        if rng.random() < 0.3:
            day = first + timedelta(days=rng.randrange(4))
            load_again(ledger, events[:done], day, day + timedelta(days=rng.randrange(2)))


@pytest.mark.parametrize("seed", range(2))
def test_in_whatever_batches_events_arrive_sessions_and_orders_are_those_of_one_load(
    servers: Stack, warehouse: Database, seed: int
) -> None:
    events = random_visits(seed, days=4, start=-2 * 1440)
    with Ledger(warehouse.login) as ledger:
        load_in_batches(ledger, events, 0, seed, date(2026, 1, 30))
        assert told(warehouse) == told_at_once(servers, events)
        agrees(warehouse)
        # Days of unbroken activity are in it, and pages of orders that were loaded again in a later session.
        cut = "SELECT count(*) FROM fact_session WHERE started_at > chain_started_at + interval '24 hours'"
        assert rows(warehouse, cut) > [(2,)]
        pages = "SELECT count(DISTINCT session_id) FROM fact_event WHERE order_key IS NOT NULL"
        assert rows(warehouse, pages)[0][0] > len(rows(warehouse, CONVERTED)) > 2
        forget(ledger, "anna")
        assert told(warehouse) == told_at_once(servers, [each for each in events if each.user != "anna"])
        agrees(warehouse)


@pytest.mark.parametrize("seed", range(2))
def test_after_retention_what_is_kept_is_told_as_if_nothing_had_gone(
    servers: Stack, warehouse: Database, seed: int
) -> None:
    events = sorted(random_visits(seed, days=5, start=-3 * 1440), key=lambda each: each.time >= FEBRUARY)
    events = [replace(each, offset=offset) for offset, each in enumerate(events)]
    of_february = next(n for n, each in enumerate(events) if each.time >= FEBRUARY)
    done = of_february + (len(events) - of_february) // 3
    with Ledger(warehouse.login) as ledger:
        load(ledger, events[:done])
        of_january = "SELECT count(*) FROM {fact} WHERE date_key < 20260201"
        found = {fact: rows(warehouse, of_january.format(fact=fact))[0][0] for fact in FACTS}
        drop_month(ledger, date(2026, 1, 1), found, [], "UTC")
        load_in_batches(ledger, events, done, seed, FEBRUARY.date())
        assert told(warehouse, FEBRUARY) == told_at_once(servers, events, FEBRUARY)
        agrees(warehouse)
        forget(ledger, "anna")
        agrees(warehouse)


def counted(caplog: pytest.LogCaptureFixture, run: Callable[[], None]) -> dict[str, int]:
    """Rows by statement of the load."""
    caplog.clear()
    with caplog.at_level(logging.DEBUG, logger="spark.load"):
        run()
    return {name: int(number) for name, number in re.findall(r"statement=(\w+) rows=(\d+)", caplog.text)}


def test_of_whoever_never_pauses_a_run_reads_what_is_since_the_last_cut(
    warehouse: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """An uptime monitor asks every 20 minutes for ever."""
    days = 20
    events = [StagedEvent(n, 20 * n, device="monitor") for n in range(days * EVENTS_A_DAY)]
    newest = StagedEvent(len(events), 1440 * days, device="monitor")
    late = StagedEvent(len(events) + 1, 1440 * (days - 2) + 5, device="monitor")
    yesterday = (FEBRUARY + timedelta(days=days - 1)).date()
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        counts = [
            counted(caplog, partial(load, ledger, [newest])),
            counted(caplog, partial(load, ledger, [late])),
            counted(caplog, partial(load_again, ledger, [*events, newest, late], yesterday, yesterday)),
        ]
        read, made = ([each[name] for each in counts] for name in ("045_session_event", "078_fact_session"))
        # By days since the first event: the day's own, and the one before, into which half an hour reaches.
        assert read == [EVENTS_A_DAY + 1, 3 * EVENTS_A_DAY + 2, 2 * EVENTS_A_DAY + 2]
        assert made == [2, 4, 3]
        begun = "SELECT count(*), count(DISTINCT chain_started_at), sum(events) FROM fact_session"
        assert rows(warehouse, begun) == [(days + 1, 1, len(events) + 2)]


def test_silence_where_the_first_event_after_a_cut_was_begins_a_chain(servers: Stack, warehouse: Database) -> None:
    """The erased event held together what was 24 hours before and what came after."""
    events = [StagedEvent(n, 20 * n, device="till") for n in range(72)]
    events.append(StagedEvent(72, 1440 + 5, device="till", user="anna"))
    events += [StagedEvent(73 + n, 1440 + 25 + 20 * n, device="till") for n in range(80)]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        forget(ledger, "anna")
        assert told(warehouse) == told_at_once(servers, [each for each in events if each.user is None])


CONVERSIONS = """
SELECT CASE visitor WHEN '{tablet}' THEN 'tablet' ELSE 'phone' END, reached_order, seconds_to_order, events
FROM fact_session ORDER BY started_at
"""


def test_the_session_that_converts_is_the_one_whose_event_made_the_order(warehouse: Database) -> None:
    bought: dict[str, Any] = {"kind": ORDER, "order_id": "1001", "user": "anna"}
    events = [
        StagedEvent(0, 0),
        StagedEvent(1, 3, **bought),
        StagedEvent(2, 13, **bought),
        # The page is loaded again in a later session, and on another device.
        StagedEvent(3, 600, **bought),
        StagedEvent(4, 900, device="phone", **bought),
    ]
    # A guest's, who is told by the device within 24 hours.
    earlier = StagedEvent(5, -500, device="phone", kind=ORDER, order_id="1001")
    query = CONVERSIONS.format(tablet=hashed("tablet"))
    converted = [("tablet", True, 180, 3), ("tablet", False, None, 1), ("phone", False, None, 1)]
    moved = [("phone", True, 0, 1), ("tablet", False, None, 3), *converted[1:]]
    with Ledger(warehouse.login) as ledger:
        load(ledger, events)
        assert rows(warehouse, query) == converted
        # An earlier event of the order arrives late, in a session of another visitor.
        load(ledger, [earlier])
        assert rows(warehouse, query) == moved
        load_again(ledger, [*events, earlier], date(2026, 1, 31), date(2026, 1, 31))
        assert rows(warehouse, query) == moved
        forget(ledger, "phone")
        assert rows(warehouse, query) == converted
        agrees(warehouse)
