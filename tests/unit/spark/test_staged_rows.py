"""Valid events to the rows of staging."""

from collections.abc import Callable
from hashlib import md5
from typing import Any

import orjson
from pyspark.sql import DataFrame

from spark import staged_rows
from spark.enrichment.settings import EnrichmentSettings
from spark.schemas import ORDER
from spark.staging import copy_lines
from spark.transforms import UNIQUE, classify, parse, repetitions, validate
from tests.unit.spark.conftest import SECOND, raw_view

Build = Callable[..., DataFrame]
SHOP = ("shop.example",)
RULES = EnrichmentSettings().page_rules()


def unique_views(build: Build, *rows: dict[str, Any]) -> DataFrame:
    validated = validate(parse(build(*rows), "UTC"))
    classified = classify(validated, repetitions(validated))
    return classified.where(classified["outcome"] == UNIQUE)


def test_a_view_is_staged_with_its_day_and_the_hashes_of_its_wide_texts(raw_events: Build) -> None:
    row = staged_rows.staged_events(unique_views(raw_events, raw_view(0))).collect()[0]
    assert row.date_key == 20250724
    assert row.referrer_hash == md5(b"https://www.google.com.mx/search").hexdigest()
    assert (row.bus_topic, row.bus_partition, row.bus_offset) == ("product_views", 0, 0)


def test_a_product_is_staged_once_for_each_page_with_what_the_page_tells(raw_events: Build) -> None:
    rows = [
        raw_view(0),
        raw_view(1, current_url="https://www.shop.example.com.mx/anillo-bridal-heaven.html?alloy=red"),
        raw_view(2, current_url="https://www.shop.example.de/schmuck/ringe/bridal-heaven.html/"),
        raw_view(3, current_url="https://www-shop-example-fr.translate.goog/bague-bridal-heaven.html"),
        raw_view(4, current_url="file:///C:/Users/anna/ring.html"),
    ]
    found = staged_rows.products(unique_views(raw_events, *rows), RULES).collect()
    assert {row.page: (row.product_name, row.language, row.category, row.category_path) for row in found} == {
        "www.shop.example.com.mx/anillo-bridal-heaven.html": ("Anillo Bridal Heaven", "es", "rings", None),
        "www.shop.example.de/schmuck/ringe/bridal-heaven.html": ("Bridal Heaven", "de", "rings", "schmuck/ringe"),
        "www-shop-example-fr.translate.goog/bague-bridal-heaven.html": (None, None, None, None),
        "file://": (None, None, None, None),
    }


def test_a_product_that_only_other_events_name_is_known_without_a_page(raw_events: Build) -> None:
    rows = [
        raw_view(0, kind="select_product_option", product_id="1"),
        raw_view(1, kind="product_detail_recommendation_clicked", product_id="2", recommended_product_id="3"),
        raw_view(2, kind=ORDER, product_id=None, cart='[{"product_id":"4"}]'),
        raw_view(3, kind="view_home_page", product_id=None),
    ]
    found = staged_rows.products(unique_views(raw_events, *rows), RULES).collect()
    assert {row.product_id: row.product_name for row in found} == {"1": None, "2": None, "3": None, "4": None}


def test_the_lines_of_every_event_that_tells_of_an_order_are_staged(raw_events: Build) -> None:
    cart = (
        '[{"product_id":"4","amount":"0.5","price":"1725.00","currency":"EUR","currency_sent":"€","choices":"[]"},'
        '{"product_id":"5"}]'
    )
    order = {"kind": ORDER, "product_id": None, "order_id": "6200001", "visitor": "v", "cart": cart}
    events = unique_views(raw_events, raw_view(0, **order), raw_view(1, **order), raw_view(2, **order | {"cart": "[]"}))
    lines = staged_rows.order_lines(events).orderBy("event_id", "line_number").collect()
    assert [line.event_id[-1] for line in lines] == ["0", "0", "1", "1"]
    assert [
        (line.line_number, line.product_id, line.amount, line.price, line.currency, line.currency_sent)
        for line in lines[:2]
    ] == [(1, "4", "0.5", "1725.00", "EUR", "€"), (2, "5", None, None, None, None)]


def test_sets_of_options_come_from_pages_and_carts_once_each(raw_events: Build) -> None:
    chosen = '[["alloy","white-585"]]'
    cart = orjson.dumps([{"product_id": "4", "choices": chosen}]).decode()
    rows = [raw_view(0, choices=chosen), raw_view(1), raw_view(2, kind=ORDER, product_id=None, cart=cart)]
    found = staged_rows.option_groups(unique_views(raw_events, *rows)).collect()
    assert [(row.choices, row.option_group_hash) for row in found] == [(chosen, md5(chosen.encode()).hexdigest())]


def test_a_store_is_told_by_its_id_and_host(raw_events: Build) -> None:
    found = staged_rows.stores(unique_views(raw_events, raw_view(0), raw_view(1, store_id=None)), SHOP).collect()
    assert [(row.store_id, row.country_code, row.currency) for row in found] == [("62", "MX", "MXN")]


def test_referrers_are_normalised_once_each(raw_events: Build) -> None:
    rows = [
        raw_view(0, referrer_url="https://www.google.de/search?q=a"),
        raw_view(1, referrer_url="https://www.google.de/search?q=b"),
        raw_view(2, referrer_url=""),
    ]
    found = staged_rows.referrers(unique_views(raw_events, *rows), SHOP).collect()
    assert sorted((row.referrer_url, row.referrer_type, row.referrer_name) for row in found) == [
        ("(direct)", "Direct", None),
        ("www.google.de/search", "Search Engine", "Google"),
    ]


def test_a_device_is_described_by_its_newest_user_agent_that_is_there(raw_events: Build) -> None:
    rows = [
        raw_view(0, user_agent="old", time_stamp=str(SECOND)),
        raw_view(1, user_agent="new", time_stamp=str(SECOND + 1)),
        raw_view(2, user_agent=None, time_stamp=str(SECOND + 2)),
        raw_view(3, device_id="silent", user_agent=None),
        raw_view(4, device_id=None),
    ]
    found = staged_rows.devices(unique_views(raw_events, *rows)).collect()
    assert {row.device_id: row.user_agent_hash for row in found} == {
        "02928c22-a423-4164-a7b4-f597f5a3580b": md5(b"new").hexdigest(),
        "silent": None,
    }


def test_user_agents_are_parsed_once_each(raw_events: Build) -> None:
    rows = [raw_view(0), raw_view(1), raw_view(2, user_agent="facebookexternalhit/1.1")]
    found = staged_rows.user_agents(unique_views(raw_events, *rows)).collect()
    assert sorted((row.device_type, row.is_bot) for row in found) == [("Bot", True), ("Desktop", False)]


def test_campaigns_are_staged_once_each_and_events_name_them_by_hash(raw_events: Build) -> None:
    campaign = '["google","cpc",null,"gold \\"ring\\"",null,"gclid"]'
    rows = [raw_view(0, campaign=campaign), raw_view(1, campaign=campaign, kind="view_home_page"), raw_view(2)]
    events = unique_views(raw_events, *rows)
    hashed = md5(campaign.encode()).hexdigest()
    found = staged_rows.campaigns(events).collect()
    assert [tuple(row) for row in found] == [(hashed, "google", "cpc", None, 'gold "ring"', None, "gclid")]
    staged = staged_rows.staged_events(events).collect()
    assert sorted(row.campaign_hash or "" for row in staged) == ["", hashed, hashed]


def test_a_line_keeps_null_apart_from_the_empty_text_and_needs_no_escapes(raw_events: Build) -> None:
    text = 'tab\t, quote ", backslash \\, line\nbreak'
    frame = raw_events(raw_view(7, utm_source=text, utm_medium="", options=None)).select(
        "utm_source", "utm_medium", "options", "offset"
    )
    assert copy_lines(frame).collect()[0].line == f"\x02{text}\x02\x01\x02\x02\x01\x017\n"
