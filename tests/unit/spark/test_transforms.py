"""Raw events to valid, unique events."""

from collections.abc import Callable
from datetime import date
from hashlib import md5
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.schemas import CART, ORDER, UNKNOWN_KIND
from spark.transforms import (
    any_page,
    page,
    parse,
    validate,
)
from tests.unit.spark.conftest import SECOND, raw_view

Build = Callable[..., DataFrame]
DAY = 86_400


def parsed(build: Build, *rows: dict[str, Any], time_zone: str = "UTC") -> list[dict[str, Any]]:
    return [row.asDict() for row in parse(build(*rows), time_zone).orderBy("offset").collect()]


def broken_rules(build: Build, *rows: dict[str, Any]) -> list[tuple[str, str, str | None] | None]:
    found = validate(parse(build(*rows), "UTC")).orderBy("offset").collect()
    return [row.broken and tuple(row.broken) for row in found]


def test_an_event_is_known_by_its_id_else_by_its_object_id_else_by_its_content(raw_events: Build) -> None:
    object_id = "5EC8015d71a3b936be7dc56d"
    rows = parsed(
        raw_events,
        raw_view(0, id="F523185F-406C-4BC8-9A0A-EA02DE1B0E67", object_id=object_id),
        raw_view(1, id="", object_id=object_id),
        raw_view(2, id=None, object_id=None, content_hash="0" * 32),
    )
    assert [row["event_id"] for row in rows] == [
        "f523185f406c4bc89a0aea02de1b0e67",
        md5(object_id.lower().encode()).hexdigest(),
        "0" * 32,
    ]


@pytest.mark.parametrize(
    "fields", [{"id": "not-a-uuid"}, {"id": "f523185f406c4bc89a0aea02de1b0e67"}, {"id": None, "object_id": "12"}]
)
def test_an_id_that_is_there_but_malformed_rejects_the_event(raw_events: Build, fields: dict[str, Any]) -> None:
    value = fields["id"] or fields["object_id"]
    assert broken_rules(raw_events, raw_view(0, **fields)) == [("malformed_id", "id", value)]


@pytest.mark.parametrize("sent", [str(SECOND), f" {SECOND} ", f"{SECOND}.0", "1.753369484E9"])
def test_a_time_stamp_is_seconds_in_any_spelling_of_a_number(raw_events: Build, sent: str) -> None:
    row = parsed(raw_events, raw_view(0, time_stamp=sent))[0]
    assert (row["event_seconds"], row["event_date"]) == (SECOND, date(2025, 7, 24))


def test_an_event_of_a_month_that_retention_removed_is_rejected(raw_events: Build) -> None:
    old, young = raw_view(0, time_stamp=str(SECOND - DAY)), raw_view(1, time_stamp=str(SECOND))
    kept_from = date(2025, 7, 24)
    found = validate(parse(raw_events(old, young), "UTC"), kept_from).orderBy("offset").collect()
    assert [row.broken and row.broken["rule"] for row in found] == ["before_retention", None]
    assert broken_rules(raw_events, old) == [None]


@pytest.mark.parametrize("sent", [None, "", "yesterday", "NaN", "Infinity", "true", "{}", "9" * 40])
def test_an_event_without_a_usable_time_is_rejected(raw_events: Build, sent: str | None) -> None:
    assert broken_rules(raw_events, raw_view(0, time_stamp=sent)) == [("no_usable_time", "time_stamp", sent)]


def test_times_outside_the_calendar_or_ahead_of_the_bus_are_rejected(raw_events: Build) -> None:
    rows = [
        raw_view(0, time_stamp="1420070399"),  # 2014-12-31T23:59:59Z
        raw_view(1, time_stamp="1420070400"),
        raw_view(2, time_stamp="-1"),
        raw_view(3, time_stamp=str(SECOND + 3_600)),
        raw_view(4, time_stamp=str(SECOND + 3_601)),
        raw_view(5, time_stamp=str(SECOND * 1000)),
        raw_view(6, time_stamp=str(SECOND + DAY), bus_milliseconds=None),
        raw_view(7, time_stamp="2240611200", bus_milliseconds=None),  # 2041-01-01T00:00:00Z
    ]
    rules = [broken and broken[0] for broken in broken_rules(raw_events, *rows)]
    assert rules == [
        "time_before_2015",
        None,
        "time_before_2015",
        None,
        "time_in_future",
        "time_in_future",
        None,
        "time_in_future",
    ]


def test_a_bus_time_that_cannot_be_one_does_not_reject_events(raw_events: Build) -> None:
    assert broken_rules(raw_events, raw_view(0, bus_milliseconds=1)) == [None]


@pytest.mark.parametrize(
    ("sent", "rule"),
    [(None, "no_product"), ("", "no_product"), (" ", "no_product"), ("9" * 101, "malformed_product_id")],
)
def test_a_product_view_needs_a_product(raw_events: Build, sent: str | None, rule: str) -> None:
    assert broken_rules(raw_events, raw_view(0, product_id=sent)) == [(rule, "product_id", sent)]


def test_an_event_of_another_kind_needs_an_id_and_a_time_but_no_product(raw_events: Build) -> None:
    rows = [
        raw_view(0, kind="checkout", product_id=None),
        raw_view(1, kind="checkout", time_stamp=None),
        raw_view(2, kind=CART, product_id=None),
        raw_view(None, kind=UNKNOWN_KIND, id=None, events=7, time_stamp=None, product_id=None),
    ]
    rules = sorted(str(broken and broken[0]) for broken in broken_rules(raw_events, *rows))
    assert rules == ["None", "None", "no_product", "no_usable_time"]


def test_a_price_that_is_none_rejects_the_event_and_a_broken_cart_the_order(raw_events: Build) -> None:
    problems = ["impossible_price", "impossible_amount", "impossible_total", "too_many_lines"]
    rows = [
        raw_view(0, price_sent="free"),
        raw_view(1, price="5.00", price_sent="5"),
        raw_view(2, kind=ORDER, cart="[]"),
    ]
    rows += [raw_view(3 + n, kind=ORDER, cart="[]", cart_problem=problem) for n, problem in enumerate(problems)]
    assert broken_rules(raw_events, *rows) == [
        ("impossible_price", "price", "free"),
        None,
        None,
        *((problem, "cart_products", "[]") for problem in problems),
    ]


def test_a_page_is_host_and_path_and_of_what_is_no_web_page_only_the_scheme(raw_events: Build) -> None:
    sent = {
        "https://www.Shop.example.de:443/a/B.html/?x=1#y": "www.shop.example.de/a/B.html",
        "http://user@shop.example/": "shop.example",
        "file:///C:/Users/jane/saved.htm": "file://",
        "content://com.android.browser.provider/saved.mhtml": "content://",
        "no address": None,
        "": None,
    }
    rows = [raw_view(offset, current_url=url) for offset, url in enumerate(sent)]
    assert [row["page"] for row in parsed(raw_events, *rows)] == list(sent.values())


def test_a_day_is_a_day_of_the_business_time_zone(raw_events: Build) -> None:
    late_evening = raw_view(0, time_stamp="1753400000")  # 2025-07-24T23:33:20Z
    assert parsed(raw_events, late_evening)[0]["event_date"] == date(2025, 7, 24)
    assert parsed(raw_events, late_evening, time_zone="Europe/Berlin")[0]["event_date"] == date(2025, 7, 25)


def test_missing_text_is_null_and_an_empty_referrer_stays_a_direct_visit(raw_events: Build) -> None:
    row = parsed(raw_events, raw_view(0, store_id="", device_id="d" * 101, user_agent=" ", referrer_url=None))[0]
    assert (row["store_id"], row["device_id"], row["user_agent"], row["referrer"]) == (None, None, "", "")


def test_a_page_and_a_referrer_are_an_address_without_query_and_fragment(raw_events: Build) -> None:
    row = parsed(raw_events, raw_view(0, current_url=" https://a.example/x?y?z ", referrer_url="https://b.example/#f"))[
        0
    ]
    assert (row["address"], row["referrer"]) == ("https://a.example/x", "https://b.example/")


def test_a_plain_address_names_the_same_page_as_any(spark_session: SparkSession) -> None:
    hosts = [
        "Shop.Example.De",
        "shop.example.de:8443",
        "u:p@shop.example.de",
        "u@h",
        "",
        "ÄÖÜ.example",
        "a b",
        ":",
        "@",
    ]
    paths = ["", "/", "//", "/a", "/A/b//", "/a\nb", "/a\n", "/a\r\n/", "/\u2028", "/a@b:c", "/é/" + "x" * 600 + "/"]
    schemes = ["https://", "http://", "HTTPS://", "ftp://", "file:///", "https:/", "", " https://", "https:///"]
    urls = [scheme + host + path for scheme in schemes for host in hosts for path in paths]
    frame = spark_session.createDataFrame([(url,) for url in [*urls, None]], "url string")
    rows = frame.select("url", page(F.col("url")).alias("plain"), any_page(F.col("url")).alias("any")).collect()
    assert [row for row in rows if row.plain != row.any] == []
