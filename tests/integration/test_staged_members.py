"""What PostgreSQL tells from the staged events: which of equal ids counts, and the members that they name."""

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import psycopg
import pytest

from spark.enrichment.settings import EnrichmentSettings
from spark.load import StagingLostError, stage_members
from spark.members import described_lines, members
from spark.refused import EVENTS_OF_LINES
from spark.schemas import ORDER, PRODUCT_VIEW
from tests.empty_database import Database

pytestmark = pytest.mark.servers

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
SAME = "0000000000004000800000000000000a"
RULES = EnrichmentSettings(shop_domains="shop.example").page_rules()
TEXTS = {"user_agent": "user_agent_hash", "referrer": "referrer_hash", "campaign": "campaign_hash"}
TEXTS |= {"choices": "option_group_hash"}
Row = dict[str, Any]


def event(offset: int, **fields: Any) -> Row:
    """A staged event, its texts hashed, an hour after the one before it."""
    time = MONDAY + timedelta(hours=offset)
    row = {
        "event_id": md5(str(offset).encode()).hexdigest(),
        "event_time": time,
        "date_key": int(f"{time:%Y%m%d}"),
        "kind": PRODUCT_VIEW,
        "product_id": "1",
        "page": "shop.example/ring.html",
        "origin": "https://shop.example",
        "referrer": "",
        "bus_topic": "views",
        "bus_partition": 0,
        "bus_offset": offset,
        "arrival": 0,
    } | fields
    return row | {key: md5(str(row[name]).encode()).hexdigest() for name, key in TEXTS.items() if name in row}


def insert(connection: psycopg.Connection, table: str, *rows: Row) -> None:
    for row in rows:
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        connection.execute(f"INSERT INTO staging.{table} ({names}) VALUES ({places})".encode(), list(row.values()))


@pytest.fixture
def etl(warehouse: Database) -> Any:
    with warehouse.login.connect(autocommit=True) as connection:
        yield connection


def staged(etl: psycopg.Connection, *events: Row, order_lines: tuple[Row, ...] = ()) -> dict[str, int]:
    insert(etl, "event", *events)
    insert(etl, "order_line", *order_lines)
    with etl.transaction():
        return stage_members(etl, 1, {"event": len(events), "order_line": len(order_lines)})


def rows(etl: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return etl.execute(query.encode()).fetchall()


def test_the_first_of_equal_ids_on_the_bus_is_kept(etl: psycopg.Connection) -> None:
    places = [(9, 0), (4, 1), (3, 0)]
    equal = [event(offset, event_id=SAME, bus_partition=partition) for offset, partition in places]
    counts = staged(etl, *equal, event(5))
    assert rows(etl, "SELECT bus_partition, bus_offset FROM staging.event ORDER BY 2") == [(0, 3), (0, 5)]
    assert counts["event"] == 2


def test_what_the_warehouse_met_first_is_kept_when_all_is_read_again(etl: psycopg.Connection) -> None:
    staged(etl, event(3, event_id=SAME, arrival=2), event(9, event_id=SAME, bus_partition=1, arrival=1))
    assert rows(etl, "SELECT bus_offset FROM staging.event") == [(9,)]


def test_the_cart_of_an_event_that_is_repeated_counts_once(etl: psycopg.Connection) -> None:
    orders = [event(offset, event_id=SAME, kind=ORDER, product_id=None) for offset in (3, 4)]
    lines = [{"event_id": SAME, "line_number": 1, "product_id": str(offset), **place(offset)} for offset in (3, 4)]
    counts = staged(etl, *orders, order_lines=tuple(lines))
    assert rows(etl, "SELECT product_id FROM staging.order_line") == [("3",)] and counts["order_line"] == 1


def place(offset: int) -> Row:
    return {"bus_topic": "views", "bus_partition": 0, "bus_offset": offset}


def test_a_refused_line_of_a_cart_is_of_the_event_at_its_place(etl: psycopg.Connection) -> None:
    insert(etl, "event", *(event(offset, event_id=SAME, kind=ORDER) for offset in (3, 4)))
    insert(etl, "refused_line", {"table_name": "order_line", "line_key": SAME, "reason": "why", **place(4)})
    assert [row[2:4] for row in rows(etl, EVENTS_OF_LINES)] == [(4, ORDER)]


def test_staging_that_was_lost_is_noticed_before_anything_is_told(etl: psycopg.Connection) -> None:
    with pytest.raises(StagingLostError, match="holds 0 rows of 3"), etl.transaction():
        stage_members(etl, 1, {"event": 3})


def test_members_are_told_once_though_the_commit_was_not_acknowledged(etl: psycopg.Connection) -> None:
    first = staged(etl, event(0, device_id="d"), event(1, event_id=event(0)["event_id"]))
    with etl.transaction():
        again = stage_members(etl, 1, {"event": 2, "order_line": 0})
    assert again == first and (first["event"], first["device"]) == (1, 1)


def test_a_device_is_described_by_its_newest_user_agent_that_is_there(etl: psycopg.Connection) -> None:
    device = {"device_id": "d", "raw_device_id": "raw"}
    staged(
        etl,
        event(0, user_agent="old", **device),
        event(1, user_agent="new", **device),
        event(2, **device),
        event(3, device_id="silent"),
        event(4),
    )
    found = rows(etl, "SELECT device_id, raw_device_id, user_agent_hash, described_at FROM staging.device ORDER BY 1")
    assert [(device, raw, agent and agent.hex, at) for device, raw, agent, at in found] == [
        ("d", "raw", md5(b"new").hexdigest(), MONDAY + timedelta(hours=1)),
        ("silent", None, None, None),
    ]


def test_campaigns_are_told_once_each(etl: psycopg.Connection) -> None:
    campaign = '["google","cpc",null,"gold \\"ring\\"",null,"gclid"]'
    staged(etl, event(0, campaign=campaign), event(1, campaign=campaign, kind="view_home_page"), event(2))
    columns = "source, medium, campaign, term, content, click_id_kind"
    found = rows(etl, f"SELECT {columns} FROM staging.campaign")
    assert found == [("google", "cpc", None, 'gold "ring"', None, "gclid")]


def test_sets_of_options_come_from_pages_and_carts_once_each(etl: psycopg.Connection) -> None:
    chosen = '[["alloy", "white-585"]]'
    line = {"event_id": event(1)["event_id"], "product_id": "4", "choices": chosen, **place(1)}
    line["option_group_hash"] = event(0, choices=chosen)["option_group_hash"]
    staged(etl, event(0, choices=chosen), event(1, kind=ORDER, product_id=None), order_lines=(line,))
    assert rows(etl, "SELECT choices FROM staging.option_group") == [([["alloy", "white-585"]],)]


def test_a_product_that_only_other_events_name_is_known_without_a_page(etl: psycopg.Connection) -> None:
    line = {"event_id": event(2)["event_id"], "product_id": "4", **place(2)}
    staged(
        etl,
        event(0, kind="select_product_option"),
        event(1, kind="product_detail_recommendation_clicked", product_id="2", recommended_product_id="3"),
        event(2, kind=ORDER, product_id=None),
        event(3, kind="view_home_page", product_id=None),
        order_lines=(line,),
    )
    found = rows(etl, "SELECT product_id, page FROM staging.product ORDER BY 1")
    assert found == [("1", None), ("2", None), ("3", None), ("4", None)]


def told(warehouse: Database, table: str, shares: int = 1) -> list[list[str]]:
    """The members of a dimension as texts; empty where NULL."""
    (kind,) = (each for each in members(RULES) if each.table == table)
    parts = [described_lines(warehouse.login, kind, shares, share) for share in range(shares)]
    lines = [line for part in parts for array in part for line in array.to_pylist()]
    return sorted([field.strip("\x02") for field in line.rstrip("\n").split("\x01")] for line in lines)


def test_referrers_and_user_agents_are_described_once_each(warehouse: Database, etl: psycopg.Connection) -> None:
    search, robot = "https://www.google.de/search", "facebookexternalhit/1.1"
    staged(etl, *(event(n, referrer=search if n % 2 else "", user_agent=robot if n % 3 else None) for n in range(6)))
    assert sorted(row[1:] for row in told(warehouse, "referrer", shares=3)) == [
        ["(direct)", "", "Direct", ""],
        ["www.google.de/search", "google.de", "Search Engine", "Google"],
    ]
    assert [row[1] for row in told(warehouse, "user_agent")] == ["Bot"]


def test_a_product_is_described_once_for_each_page_with_what_the_page_tells(
    warehouse: Database, etl: psycopg.Connection
) -> None:
    pages = ["shop.example/schmuck/ringe/bridal-heaven.html", "shop.translate.goog/bague.html", "file://"]
    staged(etl, *(event(day * 24 + n, page=page) for day in (0, 1) for n, page in enumerate(pages)))
    nothing = ["", "", "", ""]
    assert told(warehouse, "product", shares=2) == [
        ["1", "file://", *nothing, "2026-01-05"],
        ["1", pages[0], "Bridal Heaven", "en", "rings", "schmuck/ringe", "2026-01-05"],
        ["1", pages[1], *nothing, "2026-01-05"],
    ]


def test_a_store_is_told_by_its_id_and_host_and_dated_by_its_newest_event(
    warehouse: Database, etl: psycopg.Connection
) -> None:
    mexican = {"store_id": "62", "origin": "https://www.shop.example.com.mx"}
    staged(etl, event(0, **mexican), event(1, **mexican), event(2))
    (row,) = told(warehouse, "store")
    assert (row[0], row[2], row[5]) == ("62", "MX", "MXN")
    assert row[-2:] == [
        "2026-01-05 13:00:00+00",
        str(rows(etl, "SELECT event_id FROM staging.event WHERE bus_offset = 1")[0][0]),
    ]
