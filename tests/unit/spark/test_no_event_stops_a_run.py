"""Whatever an event carries, what is staged of it fits into the warehouse's columns, or a rule rejects it."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import Row, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kafka.event_text import as_text
from kafka.position import bus_position
from kafka.sinks.landed_documents import LandedEvent
from migrations.models import metadata
from spark import members
from spark.enrichment.settings import EnrichmentSettings
from spark.event_text import LONGEST_CAMPAIGN
from spark.ranges import Portion
from spark.reader import event_batch
from spark.schemas import KINDS, RAW_EVENT
from spark.staged_rows import staged_rows
from spark.transforms import parse, validate
from tests.odd_events import FIELDS, ODD_VALUES, odd_events

SHOP = ("shop.example",)
RULES = EnrichmentSettings(shop_domains="shop.example").page_rules()
INTEGERS = {SmallInteger: 2**15, Integer: 2**31, BigInteger: 2**63}
# Bytes that a row of a unique index takes at most; names of members and of campaigns are in one.
LARGEST_KEY = 2_704
KEYS = {
    "event": ("product_id", "store_id", "device_id", "utm_source", "utm_medium", "order_id", "search_terms", "page"),
    "product": ("product_id",),
    "store": ("store_id",),
    "device": ("device_id",),
    "referrer": ("referrer_domain", "referrer_type"),
    "user_agent": ("device_type", "browser_info", "os"),
    "order_line": ("product_id",),
}


def row_of(number: int, kind: str, event: dict[str, Any]) -> tuple[Any, ...]:
    landed = LandedEvent(bus_position("t", 0, number), event | {"collection": kind}, 1_800_000_000_000)
    (row,) = event_batch(Portion("t", 0, 0, range(2**40)), [landed], b"k", SHOP).to_pylist()
    return tuple(row[name] for name in RAW_EVENT.names)


def refused(kind: Any, value: Any) -> bool:
    """Whether PostgreSQL refuses a value that is not null in a column of the type."""
    if isinstance(kind, JSONB):
        json.loads(value)
        return re.search(r"(?<!\\\\)(?:\\\\\\\\)*\\\\u0000", value) is not None
    if isinstance(kind, Uuid):
        return re.fullmatch("[0-9a-f]{32}", value) is None
    if isinstance(kind, Numeric):
        return not Decimal(value).is_finite() or abs(Decimal(value)) >= 10**16
    if type(kind) in INTEGERS:
        return not -INTEGERS[type(kind)] <= value < INTEGERS[type(kind)]
    if isinstance(kind, Text):
        value.encode()
        return "\0" in value or "\x02" in value
    if isinstance(kind, DateTime | Date):
        return not 2014 <= value.year <= 2041
    return not isinstance(kind, Boolean)


@pytest.fixture(scope="module")
def staged(spark_session: SparkSession) -> list[Row]:
    """What becomes of every odd event."""
    events = [bson.decode(bson.encode({"event": event}))["event"] for event in odd_events()]
    rows = [row_of(number, event["collection"], event) for number, event in enumerate(events)]
    frame = spark_session.createDataFrame(rows, from_arrow_schema(RAW_EVENT))
    return staged_rows(validate(parse(frame, "UTC"))).collect()


def events_of(staged: list[Row]) -> list[dict[str, Any]]:
    return [row.event.asDict() for row in staged if row.event is not None]


def described(staged: list[Row], table: str) -> Iterator[dict[str, Any]]:
    """The members of a dimension that the events name, as text."""
    named = {
        "referrer": ("referrer_hash", "referrer"),
        "user_agent": ("user_agent_hash", "user_agent"),
        "product": ("product_id", "page"),
        "store": ("store_id", "origin"),
    }[table]
    rest = {"product": ["2026-01-05"], "store": ["2026-01-05T00:00:00Z", "0" * 32]}.get(table, [])
    (kind,) = (each for each in members.members(RULES) if each.table == table)
    for event in events_of(staged):
        if event[named[1]] is not None and event[named[0]] is not None:
            row = kind.describe(*(event[name] for name in named), *rest)
            yield dict(zip(kind.columns, map(as_text, row), strict=True))


def fits(table: str, rows: list[dict[str, Any]], without: tuple[str, ...] = ()) -> None:
    columns = metadata.tables[f"staging.{table}"].columns
    assert rows
    for values in rows:
        sent = {name: value for name, value in values.items() if value is not None and name not in without}
        assert not {name: value for name, value in sent.items() if refused(columns[name].type, value)}
        keys = [str(values[name]).encode() for name in KEYS.get(table, ()) if values[name] is not None]
        assert all(len(key) < LARGEST_KEY - 16 for key in keys)


def test_events_fit_into_the_columns(staged: list[Row]) -> None:
    fits("event", events_of(staged))
    campaigns = [json.loads(event["campaign"]) for event in events_of(staged) if event["campaign"]]
    assert campaigns and all(len(text or "") <= LONGEST_CAMPAIGN for each in campaigns for text in each)


def test_lines_of_orders_fit_into_the_columns(staged: list[Row]) -> None:
    fits("order_line", [line.asDict() for row in staged for line in row.order_lines or ()])


@pytest.mark.parametrize("table", ["referrer", "user_agent", "product", "store"])
def test_members_fit_into_the_columns(staged: list[Row], table: str) -> None:
    fits(table, list(described(staged, table)), without=("is_bot", "first_date", "described_at"))


def test_the_columns_of_a_mart_stay_below_the_limit_of_its_index() -> None:
    campaigns, domain = 2 * 4 * 200, members.LONGEST_DOMAIN
    assert campaigns + 4 * domain + 4 * 12 < LARGEST_KEY
    assert 3 * 4 * members.LONGEST_DEVICE_NAME + 16 < LARGEST_KEY


def test_a_rejected_event_says_which_rule_it_broke(staged: list[Row]) -> None:
    assert {row.rejected.rule for row in staged if row.rejected is not None} >= {
        *("malformed_id", "no_usable_time", "time_before_2015", "time_in_future", "no_product", "malformed_product_id"),
        *("impossible_price", "impossible_amount", "impossible_total", "too_many_lines"),
    }


JSON_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(-(2**63), 2**63 - 1), st.text(), st.sampled_from(ODD_VALUES)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)
LINES = st.lists(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("product_id", "amount", "price", "currency", "option"), JSON_VALUES)
    ),
    max_size=3,
)
EVENTS = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON_VALUES) | {"cart_products": LINES | JSON_VALUES})


@settings(deadline=None, max_examples=300)
@given(EVENTS, st.sampled_from(sorted(KINDS)))
def test_the_reader_takes_any_event(event: dict[str, Any], kind: str) -> None:
    row = dict(zip(RAW_EVENT.names, row_of(1, kind, event), strict=True))
    for value in row.values():
        if isinstance(value, str):
            value.encode()
            assert "\0" not in value and "\x02" not in value
    if row["cart_problem"] is None:
        for line in json.loads(row["cart"] or "[]"):
            total = Decimal(line["price"] or 0) * Decimal(line["amount"] or 0)
            assert abs(total) < 10**12
