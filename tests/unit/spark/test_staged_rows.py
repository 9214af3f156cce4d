"""Validated events to the rows of staging, and to lines of COPY."""

from collections.abc import Callable
from datetime import date
from hashlib import md5
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812  the name every Spark programmer knows

from spark.schemas import ORDER, PRODUCT_VIEW, UNKNOWN_KIND
from spark.staged_rows import staged_rows, staging_lines
from spark.staging import line_of
from spark.transforms import parse, validate
from tests.unit.spark.conftest import raw_view

Build = Callable[..., DataFrame]
DAY = date(2025, 7, 24)


def rows_of(build: Build, *rows: dict[str, Any], days: tuple[date, date] | None = None) -> DataFrame:
    return staged_rows(validate(parse(build(*rows), "UTC")), days)


def test_a_view_is_staged_with_its_day_its_texts_and_their_hashes(raw_events: Build) -> None:
    row = rows_of(raw_events, raw_view(0)).collect()[0].event
    assert row.date_key == 20250724
    assert row.referrer == "https://www.google.com.mx/search"
    assert row.referrer_hash == md5(row.referrer.encode()).hexdigest()
    assert row.origin == "https://www.shop.example.com.mx"
    assert (row.bus_topic, row.bus_partition, row.bus_offset) == ("product_views", 0, 0)


def test_events_name_their_campaign_by_its_hash(raw_events: Build) -> None:
    campaign = '["google","cpc",null,"gold \\"ring\\"",null,"gclid"]'
    rows = [raw_view(0, campaign=campaign), raw_view(1)]
    found = [row.event.campaign_hash for row in rows_of(raw_events, *rows).collect()]
    assert found == [md5(campaign.encode()).hexdigest(), None]


def test_the_lines_of_every_event_that_tells_of_an_order_are_staged(raw_events: Build) -> None:
    cart = (
        '[{"product_id":"4","amount":"0.5","price":"1725.00","currency":"EUR","currency_sent":"€","choices":"[]"},'
        '{"product_id":"5"}]'
    )
    order = {"kind": ORDER, "product_id": None, "order_id": "6200001", "visitor": "v", "cart": cart}
    rows = [raw_view(0, **order), raw_view(1, **order), raw_view(2, **order | {"cart": "[]"}), raw_view(3, cart=cart)]
    lines = [row.order_lines for row in rows_of(raw_events, *rows).collect()]
    assert [[line.bus_offset for line in each or ()] for each in lines] == [[0, 0], [1, 1], [], []]
    assert [
        (line.line_number, line.product_id, line.amount, line.price, line.currency, line.currency_sent)
        for line in lines[0]
    ] == [(1, "4", "0.5", "1725.00", "EUR", "€"), (2, "5", None, None, None, None)]
    assert [line.option_group_hash for line in lines[0]] == [md5(b"[]").hexdigest(), None]


def test_an_event_is_staged_or_rejected_or_counted_only(raw_events: Build) -> None:
    rows = [raw_view(0), raw_view(1, product_id=None), raw_view(None, id=None, kind=UNKNOWN_KIND, events=7)]
    found = staging_lines(rows_of(raw_events, *rows)).collect()
    assert [(row.event is not None, row.rejected is not None, row.events) for row in found] == [
        (True, False, 1),
        (False, True, 1),
        (False, False, 7),
    ]
    assert [row.order_lines for row in found] == [[], [], []]
    rejected = found[1].rejected
    assert (rejected.bus_offset, rejected.rule, rejected.kind, rejected.event_date) == (
        1,
        "no_product",
        PRODUCT_VIEW,
        DAY,
    )


def test_events_of_other_days_are_neither_staged_nor_rejected(raw_events: Build) -> None:
    rows = [raw_view(0), raw_view(1, product_id=None), raw_view(2, time_stamp=None)]
    before = (date(2025, 7, 1), date(2025, 7, 23))
    told = [
        [(row.event is not None, row.rejected is not None) for row in rows_of(raw_events, *rows, days=days).collect()]
        for days in ((DAY, DAY), before)
    ]
    assert told == [[(True, False), (False, True), (False, False)], [(False, False)] * 3]


def test_a_line_keeps_null_apart_from_the_empty_text_and_needs_no_escapes(raw_events: Build) -> None:
    text = 'tab\t, quote ", backslash \\, line\nbreak'
    frame = raw_events(raw_view(7, utm_source=text, utm_medium="", options=None)).select(
        F.struct("utm_source", "utm_medium", "options", "offset").alias("row")
    )
    line = frame.select(line_of(F.col("row"), frame.schema["row"].dataType))  # type: ignore[arg-type]
    assert line.collect()[0][0] == f"\x02{text}\x02\x01\x02\x02\x01\x017\n"
