"""Whatever an event carries, what is staged of it fits into the warehouse's columns, or a rule rejects it."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import bson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Numeric, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kafka.position import bus_position
from kafka.sinks.landed_documents import LandedEvent
from migrations.models import metadata
from spark import staged_rows
from spark.enrichment.settings import EnrichmentSettings
from spark.ranges import Portion
from spark.reader import event_batch
from spark.schemas import KINDS, RAW_EVENT
from spark.transforms import REJECTED, UNIQUE, classify, parse, repetitions, validate
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
    "campaign": ("source", "medium", "campaign", "term", "content"),
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
def classified(spark_session: SparkSession) -> Iterator[DataFrame]:
    """Every odd event with what becomes of it."""
    events = [bson.decode(bson.encode({"event": event}))["event"] for event in odd_events()]
    rows = [row_of(number, event["collection"], event) for number, event in enumerate(events)]
    frame = spark_session.createDataFrame(rows, from_arrow_schema(RAW_EVENT))
    validated = validate(parse(frame, "UTC"))
    found = classify(validated, repetitions(validated)).persist()
    yield found
    found.unpersist()


STAGED: dict[str, Callable[[DataFrame], DataFrame]] = {
    "event": staged_rows.staged_events,
    "order_line": staged_rows.order_lines,
    "option_group": staged_rows.option_groups,
    "product": lambda events: staged_rows.products(events, RULES),
    "store": lambda events: staged_rows.stores(events, SHOP),
    "referrer": lambda events: staged_rows.referrers(events, SHOP),
    "device": staged_rows.devices,
    "user_agent": staged_rows.user_agents,
    "campaign": staged_rows.campaigns,
}


@pytest.mark.parametrize("table", STAGED)
def test_what_is_staged_fits_into_the_columns(classified: DataFrame, table: str) -> None:
    columns = metadata.tables[f"staging.{table}"].columns
    rows = STAGED[table](classified.where(classified["outcome"] == UNIQUE)).collect()
    assert rows
    for row in rows:
        values = row.asDict()
        wrong = {
            name: value for name, value in values.items() if value is not None and refused(columns[name].type, value)
        }
        assert not wrong
        keys = [str(values[name]).encode() for name in KEYS.get(table, ()) if values[name] is not None]
        assert all(len(key) < LARGEST_KEY - 16 for key in keys)


def test_the_columns_of_a_mart_stay_below_the_limit_of_its_index() -> None:
    campaigns, domain = 2 * 4 * 200, staged_rows.LONGEST_DOMAIN
    assert campaigns + 4 * domain + 4 * 12 < LARGEST_KEY
    assert 3 * 4 * staged_rows.LONGEST_DEVICE_NAME + 16 < LARGEST_KEY


def test_a_rejected_event_says_which_rule_it_broke(classified: DataFrame) -> None:
    rejected = classified.where(classified["outcome"] == REJECTED).select("broken").collect()
    assert {row.broken.rule for row in rejected} >= {
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
