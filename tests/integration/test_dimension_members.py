"""Dimensions: unknown and not applicable are two members, days have names, a view keeps the device that it had then."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import md5
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Column

from config.settings import PROJECT_ROOT
from migrations.facts import statements
from migrations.feed_facts import FEED_TABLES
from migrations.models import metadata
from migrations.models.subjects import unchecked_reference
from spark.enrichment.settings import EnrichmentSettings
from spark.load import PartitionCounts, RunFigures, count_staged, make_partitions, publish
from spark.product_pages import ProductDescription
from spark.ranges import TopicPartition
from spark.schemas import KINDS
from spark.scope import Scope
from tests.empty_database import Database, empty_database
from utilities.erasure.facts import FORGET_FOLDER
from utilities.local_servers.stack import Stack

pytestmark = pytest.mark.servers

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
VIEW = "view_product_detail"
STAGED = ("event", "product", "device", "user_agent")
INSERT_RUN = "INSERT INTO etl.run (mode) VALUES ('incremental') RETURNING run_id"
EVENT = """
INSERT INTO staging.event (
    event_id, event_time, date_key, kind, product_id, store_id, device_id, visitor, user_agent_hash, bus_topic,
    bus_partition, bus_offset
)
VALUES (md5(%(offset)s::text)::uuid, %(time)s, to_char(%(time)s AT TIME ZONE 'UTC', 'YYYYMMDD')::integer, %(kind)s,
        %(product_id)s, 's', 'd', md5('d')::uuid, %(agent)s, 'views', 0, %(offset)s)
"""
PRODUCT = "INSERT INTO staging.product (product_id, first_date) SELECT DISTINCT product_id, '2026-01-05'::date"
PRODUCT += " FROM staging.event WHERE product_id IS NOT NULL"
AGENT = """
INSERT INTO staging.user_agent (user_agent_hash, device_type, browser_info, os, is_bot)
VALUES (%s, 'Desktop', %s, 'Windows 10', false)
"""
DEVICE = """
INSERT INTO staging.device (device_id, raw_device_id, user_agent_hash, described_at, described_by)
SELECT device_id, device_id, user_agent_hash, event_time, event_id FROM staging.event ORDER BY event_time DESC LIMIT 1
"""
BY_BROWSER = "SELECT * FROM mart.device_browser WHERE date_key = 20260105"
Event = dict[str, Any]


class Warehouse:
    """A migrated database, to which events are published in runs without Spark."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._next_offset = 0

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode()).fetchall()

    def load(self, browser: str, *events: Event) -> None:
        """One run: events of the one device, all sent with the user agent of a browser; then the marts anew."""
        agent = md5(browser.encode()).hexdigest()
        first, self._next_offset = self._next_offset, self._next_offset + len(events)
        with self.connection.transaction():
            row = self.connection.execute(INSERT_RUN).fetchone()
            assert row is not None
            for offset, event in enumerate(events, first):
                defaults = {"offset": offset, "agent": agent, "product_id": None, "kind": VIEW}
                self.connection.execute(EVENT, defaults | event)
            self.connection.execute(AGENT, [agent, browser])
            for statement in (PRODUCT, DEVICE):
                self.connection.execute(statement.encode())
            make_partitions(self.connection)
            counts = PartitionCounts("views", 0, first, self._next_offset, landed=len(events), events=len(events))
            figures = RunFigures({TopicPartition("views", 0): counts}, staged=count_staged(self.connection, *STAGED))
            publish(self.connection, row[0], Scope(), figures, (), ProductDescription.of(EnrichmentSettings()))
        self.connection.execute("SELECT etl.refresh_marts(even_if_fresh => true)")


@pytest.fixture(scope="module")
def warehouse(servers: Stack) -> Iterator[Warehouse]:
    with pytest.MonkeyPatch.context() as patch, empty_database(servers, f"members_{os.getpid()}") as database:
        patch.setenv("POSTGRES_DB", database.name)
        command.upgrade(Config(str(PROJECT_ROOT / "alembic.ini")), "head")
        with owner(database) as connection:
            yield Warehouse(connection)


def owner(database: Database) -> psycopg.Connection:
    connection = database.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def tables_of_feeds() -> set[str]:
    return {table.name for table in FEED_TABLES.values()}


def dimension_of(column: Column[object]) -> str | None:
    """`dim_product.product_key` for a fact's key to it."""
    target = unchecked_reference(column) or next((key.target_fullname for key in column.foreign_keys), "")
    return target if target.startswith("dim_") else None


def test_every_dimension_has_a_member_for_unknown_and_one_for_not_applicable(warehouse: Warehouse) -> None:
    # Those of other feeds know of a user or not: dim_user has no second member.
    facts = [
        table for name, table in metadata.tables.items() if name.startswith("fact_") and name not in tables_of_feeds()
    ]
    dimensions = {target for fact in facts for column in fact.columns if (target := dimension_of(column))}
    assert len(dimensions) == 10
    for dimension in dimensions:
        table, _, key = dimension.partition(".")
        found = warehouse.rows(f"SELECT {key}, t::text FROM {table} AS t WHERE {key} < 0 ORDER BY 1 DESC")
        assert [key for key, _ in found] == [-1, -2], table
        assert ["Unknown" in found[0][1], "Not applicable" in found[1][1] or "none chosen" in found[1][1]] == [True] * 2


def test_a_day_has_its_names_and_labels_and_its_week_of_iso_8601(warehouse: Warehouse) -> None:
    columns = "date, iso_year, iso_week, is_weekend, month_name, month_label, day_name, quarter_label, week_of_year"
    found = warehouse.rows(f"SELECT {columns} FROM dim_date WHERE date IS NOT NULL ORDER BY 1")
    days = [date(2015, 1, 1) + timedelta(n) for n in range((date(2041, 1, 1) - date(2015, 1, 1)).days)]
    assert len(found) == len(days)
    for day, row in zip(days, found, strict=True):
        year, week, weekday = day.isocalendar()
        quarter = f"{day.year}-Q{(day.month + 2) // 3}"
        names = f"{day:%B}", f"{day:%Y-%m}", f"{day:%A}"
        assert row == (day, year, f"{year}-W{week:02}", weekday > 5, *names, quarter, week)


def test_dim_country_is_what_the_seed_called_dim_store(warehouse: Warehouse) -> None:
    assert warehouse.rows("SELECT * FROM dim_country EXCEPT SELECT * FROM dim_store") == []
    keys = (
        "SELECT DISTINCT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conname ~ 'country_key'"
    )
    assert warehouse.rows(keys) == [("dim_store",)]


def test_a_kind_names_a_product_or_has_none(warehouse: Warehouse) -> None:
    kinds = warehouse.rows("SELECT kind, has_product, has_recommended_product FROM dim_event_kind WHERE kind_key > 0")
    assert {kind for kind, *_ in kinds} == KINDS
    assert {kind for kind, *named in kinds if named[1]} == {kind for kind in KINDS if "recommendation_clicked" in kind}
    events = [(VIEW, "p"), ("view_home_page", None), ("select_product_option", None), ("view_listing_page", "p")]
    events += [("landing_page_recommendation_visible", None), ("product_detail_recommendation_clicked", None)]
    warehouse.load("Chrome 80", *({"kind": kind, "product_id": p, "time": MONDAY} for kind, p in events))
    found = "SELECT kind, product_key FROM {} JOIN dim_event_kind USING (kind_key) ORDER BY bus_offset"
    ((known,),) = warehouse.rows("SELECT product_key FROM dim_product WHERE product_id = 'p'")
    keys = [known, -2, -1, known, -2, -1]
    assert warehouse.rows(found.format("fact_event")) == [
        (kind, key) for (kind, _), key in zip(events, keys, strict=True)
    ]
    recommended = "SELECT place, product_key, recommended_product_key FROM fact_recommendation ORDER BY 1"
    assert warehouse.rows(recommended) == [("landing_page", -2, -2), ("product_detail", -1, -1)]
    assert warehouse.rows("SELECT option_group_key FROM fact_product_view_event") == [(-2,)]


def test_the_device_of_a_view_is_the_one_it_had_then(warehouse: Warehouse) -> None:
    warehouse.load("Chrome 81", {"product_id": "p", "time": MONDAY + timedelta(minutes=1)})
    told = "SELECT browser, views FROM mart.device_browser WHERE date_key = {} AND views > 0 ORDER BY 1"
    assert ("Chrome 81", 1) in warehouse.rows(told.format(20260105))
    before, members = warehouse.rows(BY_BROWSER), warehouse.rows("SELECT * FROM dim_user_agent ORDER BY 1")
    warehouse.load("Chrome 82", {"product_id": "p", "time": MONDAY + timedelta(days=1)})
    assert warehouse.rows("SELECT browser_info FROM dim_device WHERE device_key > 0") == [("Chrome 82",)]
    assert warehouse.rows(BY_BROWSER) == before
    assert warehouse.rows(told.format(20260106)) == [("Chrome 82", 1)]
    assert warehouse.rows("SELECT * FROM dim_user_agent ORDER BY 1")[: len(members)] == members
    assert warehouse.rows("SELECT count(*) FROM fact_session WHERE user_agent_key < 0") == [(0,)]


def test_a_daily_view_stays_under_the_types_it_was_loaded_with(warehouse: Warehouse) -> None:
    seen = {"product_id": "daily", "time": MONDAY}
    warehouse.load("Chrome 90", seen, seen)
    referrer_is = "UPDATE dim_referrer SET referrer_type = %s WHERE referrer_key = -1"
    warehouse.connection.execute("UPDATE dim_user_agent SET device_type = 'TV' WHERE browser_info = 'Chrome 90'")
    warehouse.connection.execute(referrer_is, ["Other"])
    warehouse.load("Chrome 91", seen)
    warehouse.connection.execute(referrer_is, ["Unknown"])
    daily = (
        "SELECT referrer_type, device_type, is_bot, views FROM fact_daily_product_views"
        " JOIN dim_product USING (product_key) WHERE product_id = 'daily' ORDER BY 1"
    )
    assert warehouse.rows(daily) == [("Other", "Desktop", False, 1), ("Unknown", "Desktop", False, 2)]


def test_a_user_agent_that_only_a_forgotten_visitor_had_is_not_told_apart_any_more(warehouse: Warehouse) -> None:
    warehouse.load("Chrome 83", {"product_id": "p", "time": MONDAY}, {"product_id": "p", "time": MONDAY})
    warehouse.load("Chrome 84", {"product_id": "p", "time": MONDAY}, {"product_id": "p", "time": MONDAY})
    with warehouse.connection.transaction(force_rollback=True):
        warehouse.rows(
            "UPDATE fact_event SET visitor = md5('other')::uuid WHERE bus_offset % 2 = 0 AND user_agent_key ="
            " (SELECT user_agent_key FROM dim_user_agent WHERE browser_info = 'Chrome 84') RETURNING 1"
        )
        for name in ("010_erased_event", "030_fact", "061_dim_user_agent"):
            for statement in statements(FORGET_FOLDER / f"{name}.sql"):
                warehouse.connection.execute(statement.encode(), {"visitor": md5(b"d").hexdigest()})
        kept = "SELECT browser_info FROM dim_user_agent WHERE user_agent_hash IS NOT NULL"
        assert warehouse.rows(kept) == [("Chrome 84",)]
