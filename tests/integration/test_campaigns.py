"""Which campaign led to a session and to an order, against the truth told in plain Python (tests/campaign_truth.py)."""

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from hashlib import md5
from typing import Any
from uuid import UUID

import psycopg
import pytest

from migrations.facts import kept_by_month
from migrations.marts import read_marts
from spark.enrichment.campaign import read_campaign
from spark.enrichment.referrer import normalize_referrer
from spark.enrichment.settings import EnrichmentSettings
from spark.ledger import Ledger
from spark.load import PartitionCounts, RunFigures, count_staged, make_partitions, publish
from spark.product_pages import ProductDescription
from spark.ranges import TopicPartition
from spark.scope import DAYS, FULL_REFRESH, Scope
from tests.campaign_truth import DAY, FIRST, NOTHING, UNKNOWN, Visit, marts, random_events, visit_event, visits
from tests.empty_database import Database
from tests.plain_counts import Event
from tests.staged_view import DESCRIPTION
from utilities.erasure.facts import erase_facts
from utilities.erasure.visitor import Visitor
from utilities.retention.removal import drop_month

pytestmark = pytest.mark.servers

STAGED = ("event", "referrer", "campaign", "user_agent", "order_line")
STAGE_EVENT = """
INSERT INTO staging.event (
    event_id, event_time, date_key, kind, page, referrer_hash, user_agent_hash, visitor, user_hash, campaign_hash,
    order_id, bus_topic, bus_partition, bus_offset
)
VALUES (md5(%(number)s::text)::uuid, to_timestamp(%(time_stamp)s), to_char(to_timestamp(%(time_stamp)s) AT TIME ZONE
        'UTC', 'YYYYMMDD')::integer, %(collection)s, split_part(%(current_url)s, '?', 1), md5(%(referrer_url)s)::uuid,
        md5(%(is_program)s::text)::uuid, md5(%(device_id)s)::uuid, md5(nullif(%(user_id_db)s, ''))::uuid,
        md5(%(campaign)s)::uuid, %(number)s, 'views', 0, %(number)s)
"""
STAGE_REFERRER = "INSERT INTO staging.referrer VALUES (md5(%s)::uuid, %s, %s, %s, %s)"
STAGE_CAMPAIGN = "INSERT INTO staging.campaign VALUES (md5(%s)::uuid, %s, %s, %s, %s, %s, %s)"
STAGE_AGENTS = """
INSERT INTO staging.user_agent (user_agent_hash, device_type, is_bot)
SELECT md5(is_bot::text)::uuid, 'Other', is_bot FROM unnest(ARRAY[false, true]) AS is_bot
"""
STAGE_LINES = """
INSERT INTO staging.order_line (event_id, line_number, amount, price, currency)
SELECT md5(%(number)s::text)::uuid, 1, 2, %(price)s, %(currency)s WHERE %(collection)s = 'checkout_success'
"""
LED = """
SELECT extract(epoch FROM started_at)::bigint, is_bot, {last}, extract(epoch FROM touched_at)::bigint, {first},
       extract(epoch FROM first_touched_at)::bigint, visitor
FROM fact_session AS visit
JOIN dim_campaign AS last ON last.campaign_key = visit.campaign_key
JOIN dim_referrer AS last_page ON last_page.referrer_key = visit.touch_referrer_key
JOIN dim_campaign AS first ON first.campaign_key = visit.first_campaign_key
JOIN dim_referrer AS first_page ON first_page.referrer_key = visit.first_touch_referrer_key
"""
SPELLED = f"""
CASE {{0}}.campaign_key WHEN -1 THEN '{UNKNOWN}' WHEN -2 THEN '{NOTHING}' ELSE
     concat_ws('/', coalesce({{0}}.source, ''), coalesce({{0}}.medium, ''), coalesce({{0}}.campaign, ''),
               coalesce({{0}}.click_id_kind, '')) END, {{0}}_page.referrer_url
"""
ORDERS_UNLIKE_THEIR_SESSION = """
SELECT count(*) FROM fact_order AS purchase LEFT JOIN fact_session AS visit USING (session_id)
WHERE purchase.session_id IS NOT NULL
  AND (purchase.campaign_key, purchase.touch_referrer_key, purchase.first_campaign_key,
       purchase.first_touch_referrer_key)
    IS DISTINCT FROM (visit.campaign_key, visit.touch_referrer_key, visit.first_campaign_key,
                      visit.first_touch_referrer_key)
"""
MART = """
SELECT (date - date '2026-01-01')::text, referrer_type, CASE campaign_key WHEN -1 THEN 'unknown' WHEN -2 THEN 'none'
       ELSE replace(concat_ws('/', utm_source, utm_medium, utm_campaign, click_id_kind), '(none)', '') END,
       sum(sessions), sum(views), sum(orders), sum(bot_sessions), sum(bot_orders)
FROM mart.referrer_campaign GROUP BY 1, 2, 3
"""
MONEY = """
SELECT (date - date '2026-01-01')::text, referrer_type, CASE campaign_key WHEN -1 THEN 'unknown' WHEN -2 THEN 'none'
       ELSE replace(concat_ws('/', utm_source, utm_medium, utm_campaign, click_id_kind), '(none)', '') END,
       paid.key, sum(paid.value::numeric)
FROM mart.referrer_campaign CROSS JOIN jsonb_each_text(revenue) AS paid GROUP BY 1, 2, 3, 4
"""


class Warehouse:
    """A migrated database, to which events are published in runs without Spark."""

    def __init__(self, database: Database, ledger: Ledger, owner: psycopg.Connection) -> None:
        self.ledger, self.owner, self.database = ledger, owner, database

    def load(self, events: list[Event], scope: Scope | None = None) -> None:
        """One run of these events."""
        scope = scope or Scope()
        run_id = self.ledger.start_run(scope)

        def run(connection: psycopg.Connection) -> None:
            stage(connection, events)
            make_partitions(connection)
            ends = connection.execute("SELECT max(next_offset) FROM etl.watermark").fetchone()
            begin = (ends and ends[0]) or 0
            counts = PartitionCounts("views", 0, begin, begin + len(events), len(events), 0, len(events))
            figures = RunFigures({TopicPartition("views", 0): counts}, staged=count_staged(connection, *STAGED))
            publish(connection, run_id, scope, figures, (), ProductDescription.of(EnrichmentSettings()))

        self.ledger.transaction(run)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.owner.execute(query.encode()).fetchall()

    def led(self) -> list[tuple[Any, ...]]:
        """What led to each session that is some visitor's, and whether its orders say the same."""
        assert self.rows(ORDERS_UNLIKE_THEIR_SESSION) == [(0,)]
        query = LED.format(last=SPELLED.format("last"), first=SPELLED.format("first"))
        return sorted(self.rows(f"{query} WHERE visitor IS NOT NULL"), key=str)


def stage(connection: psycopg.Connection, events: list[Event]) -> None:
    """As Spark does it."""
    told = {event["number"]: read_campaign(event["current_url"]) for event in events}
    named = [event | {"campaign": (found := told[event["number"]]) and found.as_json()} for event in events]
    shop = ("shop.example",)
    pages = {event["referrer_url"] for event in events}
    referrers = [(page, normalize_referrer(page, shop)) for page in pages]
    with connection.cursor() as cursor:
        cursor.executemany(STAGE_EVENT, named)
        cursor.executemany(STAGE_LINES, named)
        cursor.executemany(
            STAGE_REFERRER,
            [(page, r.referrer_url, r.referrer_domain, r.referrer_type, r.referrer_name) for page, r in referrers],
        )
        campaigns = {found.as_json(): found for found in told.values() if found}
        cursor.executemany(
            STAGE_CAMPAIGN,
            [
                (text, c.source, c.medium, c.campaign, c.term, c.content, c.click_id_kind)
                for text, c in campaigns.items()
            ],
        )
    connection.execute(STAGE_AGENTS)


def hashed(identity: str) -> UUID:
    """Whose events they are, in the warehouse of this test."""
    return UUID(bytes=md5(identity.encode()).digest())


def spelled(found: list[Visit]) -> list[tuple[Any, ...]]:
    """As Warehouse.led has it."""

    def page(sent: str) -> str:
        return normalize_referrer(sent, ("shop.example",)).referrer_url

    rows = []
    for visit in found:
        (last, last_page), (first, first_page) = visit.last, visit.first
        last_led = (last, page(last_page), visit.touched_at)
        first_led = (first, page(first_page), visit.first_touched_at)
        rows.append((visit.started_at, visit.is_bot, *last_led, *first_led, hashed(visit.device)))
    return sorted(rows, key=str)


@pytest.fixture
def filled(warehouse: Database) -> Iterator[Warehouse]:
    with Ledger(warehouse.login) as ledger, warehouse.connect() as owner:
        owner.execute("SET TimeZone = 'UTC'")
        yield Warehouse(warehouse, ledger, owner)


EVENTS = random_events(4, 240)
DEVICES = [f"device {n}" for n in range(4)]


def test_the_last_touch_that_was_not_direct_and_the_first_whatever_the_order_of_arrival(filled: Warehouse) -> None:
    truth = spelled(visits(sorted(EVENTS, key=lambda event: event["time_stamp"])))
    # Of what the test is about, there is enough: touches of before, too old ones, and none.
    ages = [row[0] - row[4] for row in truth if row[4] is not None]
    assert min(sum(age == 0 for age in ages), sum(age > DAY for age in ages)) > 20
    assert sum(row[4] is None and row[7] is not None for row in truth) > 3
    for first in range(0, len(EVENTS), 150):
        filled.load(EVENTS[first : first + 150])
        known = sorted(EVENTS[: first + 150], key=lambda event: event["time_stamp"])
        assert filled.led() == spelled(visits(known))
    members = filled.rows("SELECT * FROM dim_campaign ORDER BY 1")
    filled.load(
        [event for event in EVENTS if 10 <= (event["time_stamp"] - FIRST) // DAY < 20],
        Scope(DAYS, date(2026, 1, 11), date(2026, 1, 20)),
    )
    assert filled.led() == truth
    filled.load(EVENTS, Scope(FULL_REFRESH))
    assert (filled.led(), filled.rows("SELECT * FROM dim_campaign ORDER BY 1")) == (truth, members)
    # No click id's value is anywhere, only its kind.
    assert {row[-1] for row in members} == {None, "gclid", "fbclid"}
    assert not re.search("Cj0KCQ|IwAR", str(members))


def test_a_mart_has_the_orders_and_the_revenue_of_what_led_to_them(filled: Warehouse) -> None:
    filled.load(EVENTS)
    filled.rows("SELECT etl.refresh_marts(even_if_fresh => true)")
    truth = marts(visits(sorted(EVENTS, key=lambda event: event["time_stamp"])))
    money: dict[tuple[str, ...], dict[str, Any]] = {}
    for *key, currency, amount in filled.rows(MONEY):
        money.setdefault(tuple(key), {})[currency] = amount
    found = {
        tuple(key): (sessions, views, orders, money.get(tuple(key), {}), *bots)
        for *key, sessions, views, orders, bots_sessions, bot_orders in filled.rows(MART)
        for bots in [(bots_sessions, bot_orders)]
    }
    assert found == truth
    for mart in read_marts():
        if "campaign" in mart.name:
            assert filled.rows(f"SELECT {mart.identity}") == [(True,)], mart.name
    # The same money, by the day of the order and its own audience.
    total = "SELECT currency, sum(revenue) FROM mart.campaign_revenue WHERE revenue IS NOT NULL GROUP BY 1 ORDER BY 1"
    assert filled.rows(total) == filled.rows(total.replace("mart.campaign_revenue", "fact_order"))
    mixed = "SELECT count(*) FROM mart.campaign_revenue WHERE currency = 'Unknown' AND revenue IS NOT NULL"
    assert filled.rows(mixed) == [(0,)]


def test_what_led_to_a_session_outlives_the_month_of_the_touch_and_a_late_event(filled: Warehouse) -> None:
    # A day without events before the first kept one: no session is of both months.
    quiet = [event for event in EVENTS if (event["time_stamp"] - FIRST) // DAY != 30]
    filled.load(quiet)
    kept = [row for row in filled.led() if row[0] >= FIRST + 31 * DAY]
    inherited = [row for row in kept if row[4] is not None and row[4] < FIRST + 31 * DAY]
    assert len(inherited) > 3
    counted = {
        fact: filled.rows(f"SELECT count(*) FROM {fact} WHERE date_key < 20260201")[0][0] for fact in kept_by_month()
    }
    drop_month(filled.ledger, date(2026, 1, 1), counted, [], "UTC")
    assert filled.led() == kept
    unlinked = "SELECT count(*) FROM fact_session WHERE visitor IS NULL AND touched_at IS NULL AND campaign_key > 0"
    assert filled.rows(unlinked) > [(0,)]
    # Each visitor's first kept session gets another event: it and all that follow are made anew.
    firsts = {device: min(row[0] for row in kept if row[-1] == hashed(device)) for device in DEVICES}
    filled.load([visit_event(10_000 + n, who, firsts[who] - FIRST + 1) for n, who in enumerate(DEVICES)])
    assert filled.led() == kept


def test_a_forgotten_persons_touches_lead_to_nothing(filled: Warehouse) -> None:
    only = visit_event(20_000, "device 1", 5, "?utm_source=newsletter&utm_medium=email&utm_campaign=spring")
    only |= {"current_url": f"{only['current_url']}&utm_content=only-hers", "user_id_db": "u1"}
    filled.load([*EVENTS, only])
    assert filled.rows("SELECT count(*) FROM dim_campaign WHERE content = 'only-hers'") == [(1,)]
    erased = Visitor("u1", hashed("u1"))
    filled.ledger.transaction(partial(_erase, visitor=erased))
    others = [event for event in EVENTS if event["user_id_db"] != "u1"]
    assert filled.led() == spelled(visits(sorted(others, key=lambda event: event["time_stamp"])))
    assert filled.rows("SELECT count(*) FROM dim_campaign WHERE content = 'only-hers'") == [(0,)]


def _erase(connection: psycopg.Connection, visitor: Visitor) -> None:
    erase_facts(connection, visitor, [], DESCRIPTION)
