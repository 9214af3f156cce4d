"""From portions of offsets to a DataFrame of raw events, read in parallel by the tasks themselves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from kafka.event_text import as_text, object_id
from kafka.event_time import event_seconds
from kafka.position import OFFSET_DIGITS
from kafka.scrubbing.scrub import scrubbed_id, scrubbed_text, scrubbed_url
from kafka.sinks.landed_documents import LandedEvent
from kafka.visitor import first_identity, identity, identity_hash
from spark.carts import read_cart
from spark.choices import chosen_options
from spark.enrichment.campaign import campaign_json, may_name_campaign
from spark.event_text import campaign, content_hash, options_json
from spark.prices import Spelling, event_spelling, money
from spark.ranges import Portion
from spark.raw_store import RawStore
from spark.rules import LONGEST_KEY
from spark.schemas import CART, KINDS, ORDER, PRODUCT_VIEW, RAW_EVENT, SEARCH, UNKNOWN_KIND
from spark.text_columns import column_of_distinct, scrubbed_column, text_column

ROWS_PER_BATCH = 1_000
AS_SENT = ("time_stamp", "user_agent")
"""Columns of RAW_EVENT that have the name of the event's field and hold its value as text."""
SCRUBBED: Mapping[str, Callable[[str], str]] = {
    "store_id": scrubbed_id,
    "current_url": scrubbed_url,
    "referrer_url": scrubbed_url,
}
"""The same, without what tells of a person."""
SENT = (
    *AS_SENT,
    *SCRUBBED,
    "device_id",
    "id",
    "_id",
    "collection",
    "product_id",
    "viewing_product_id",
    "utm_source",
    "utm_medium",
    "option",
    "order_id",
    "key_search",
    "recommendation_product_id",
    "recommendation_clicked_position",
    "user_id_db",
)
"""The fields of an event that the warehouse reads."""
Batches = Iterator[pa.RecordBatch]
Event = Mapping[str, Any]
Window = tuple[int, int]
"""From and below which second, since 1970."""


@dataclass(frozen=True)
class EventReader:
    """What a task needs to read its portions; `window` leaves out events that surely lie outside these seconds.

    `shop_domains` as in `is_shop_host`: they tell the store's country, and with it how it writes money.
    """

    store: RawStore
    hash_key: bytes
    window: Window | None = None
    shop_domains: tuple[str, ...] = ()

    def frame(self, spark: SparkSession, groups: list[list[Portion]]) -> DataFrame:
        """The landed events in the columns of RAW_EVENT; one task reads one group of portions."""
        return spark.range(0, len(groups), 1, max(len(groups), 1)).mapInArrow(
            self._function(groups), from_arrow_schema(RAW_EVENT)
        )

    def _function(self, groups: list[list[Portion]]) -> Callable[[Batches], Batches]:
        def read(indexes: Batches) -> Batches:
            for batch in indexes:
                for index in batch.column(0).to_pylist():
                    for portion in groups[index]:
                        yield from self._read(portion)

        return read

    def _read(self, portion: Portion) -> Batches:
        unknown = 0
        for landed in self.store.scan(portion):
            known = [each for each in landed if event_kind(each.event) != UNKNOWN_KIND]
            unknown += len(landed) - len(known)
            if self.window is not None:
                known = [each for each in known if may_lie_within(each.event, self.window)]
            for first in range(0, len(known), ROWS_PER_BATCH):
                some = known[first : first + ROWS_PER_BATCH]
                yield event_batch(portion, some, self.hash_key, self.shop_domains)
        if unknown:
            yield unknown_events(portion, unknown)


def may_lie_within(event: Mapping[str, Any], window: Window) -> bool:
    """False only for an event whose time is a number of seconds outside the window."""
    sent = event.get("time_stamp")
    return not isinstance(sent, int | float) or window[0] <= sent < window[1]


def event_kind(event: object) -> str:
    """The event's `collection`, or UNKNOWN_KIND where it is none of the 27."""
    kind = event.get("collection") if isinstance(event, Mapping) else None
    return kind if isinstance(kind, str) and kind in KINDS else UNKNOWN_KIND


def event_batch(
    portion: Portion, landed: Sequence[LandedEvent], hash_key: bytes, shop_domains: tuple[str, ...] = ()
) -> pa.RecordBatch:
    """Landed events of known kinds in the columns of RAW_EVENT."""
    events = [each.event for each in landed]
    sent = dict(zip(SENT, zip(*(map(event.get, SENT) for event in events), strict=True), strict=True))
    kinds = sent["collection"]
    hashed = partial(column_of_distinct, describe=partial(identity_hash, key=hash_key))

    def of(name: str, *of_kinds: str) -> list[Any]:
        """The values that events of these kinds have; of others the field is not read."""
        return [value if kind in of_kinds else None for value, kind in zip(sent[name], kinds, strict=True)]

    hashed = partial(column_of_distinct, describe=partial(identity_hash, key=hash_key))
    devices = list(map(_device, sent["device_id"]))
    utm = {name: text_column(list(map(campaign, sent[name]))) for name in ("utm_source", "utm_medium")}
    ids, object_ids = text_column(sent["id"]), text_column(list(map(object_id, sent["_id"])))
    columns: dict[str, Any] = {
        **constants(portion, len(events)),
        **{name: text_column(sent[name]) for name in AS_SENT},
        **{name: scrubbed_column(text_column(sent[name]), scrub) for name, scrub in SCRUBBED.items()},
        "kind": kinds,
        "offset": [int(each.key[-OFFSET_DIGITS:]) for each in landed],
        "bus_milliseconds": [bus_milliseconds(each.timestamp) for each in landed],
        "id": ids,
        "object_id": object_ids,
        "content_hash": _content_hashes(events, ids, object_ids),
        "event_seconds": list(map(event_seconds, sent["time_stamp"])),
        "product_id": _ids(list(map(_first_text, sent["product_id"], sent["viewing_product_id"]))),
        **utm,
        "options": list(map(options_json, of("option", PRODUCT_VIEW))),
        "choices": list(map(chosen_options, of("option", PRODUCT_VIEW, CART), sent["current_url"])),
        **_prices(events, kinds, shop_domains),
        "order_id": _ids(of("order_id", ORDER)),
        **_carts(events, kinds, shop_domains),
        "search_terms": scrubbed_column(text_column(of("key_search", SEARCH)), scrubbed_text),
        "recommended_product_id": _ids(sent["recommendation_product_id"]),
        "recommendation_position": text_column(sent["recommendation_clicked_position"]),
        "visitor": hashed(list(map(first_identity, sent["device_id"], sent["user_id_db"]))),
        "user_hash": hashed(list(map(identity, sent["user_id_db"]))),
        "device_id": hashed(devices),
        "raw_device_id": text_column(devices),
    }
    columns["campaign"] = _campaigns(columns["current_url"], *utm.values())
    return record_batch(columns, len(events))


def _campaigns(urls: pa.StringArray, sources: pa.StringArray, mediums: pa.StringArray) -> list[str | None]:
    """The campaign of each event, whose address is scrubbed; few are in one, so the others are not taken apart."""
    is_named = pc.fill_null(pc.match_substring_regex(urls, may_name_campaign(), ignore_case=True), False)
    found: list[str | None] = [None] * len(urls)
    for row in pc.indices_nonzero(pc.or_(is_named, pc.or_(sources.is_valid(), mediums.is_valid()))).to_pylist():
        found[row] = campaign_json(urls[row].as_py(), sources[row].as_py(), mediums[row].as_py())
    return found


def unknown_events(portion: Portion, events: int) -> pa.RecordBatch:
    """The one row that counts a portion's events of no known kind."""
    return record_batch({**constants(portion, 1), "kind": [UNKNOWN_KIND], "events": [events]}, 1)


def _prices(events: Sequence[Event], kinds: Sequence[str], shop_domains: tuple[str, ...]) -> dict[str, list[Any]]:
    """The columns of prices: value, as sent, currency, symbol as sent; of views and carts that send one."""
    columns: dict[str, list[Any]] = {
        name: [None] * len(events) for name in ("price", "price_sent", "currency", "currency_sent")
    }
    for row, (event, kind) in enumerate(zip(events, kinds, strict=True)):
        sent = event.get("price")
        if sent is None or kind not in (PRODUCT_VIEW, CART):
            continue
        found = money(sent, event.get("currency"), _spelling(event, shop_domains))
        columns["price"][row], columns["price_sent"][row] = found.value, as_text(sent)
        columns["currency"][row], columns["currency_sent"][row] = found.currency, found.symbol
    return columns


def _carts(events: Sequence[Event], kinds: Sequence[str], shop_domains: tuple[str, ...]) -> dict[str, list[Any]]:
    """The columns of orders' carts: their lines and what is wrong with them."""
    columns: dict[str, list[Any]] = {name: [None] * len(events) for name in ("cart", "cart_problem")}
    for row, (event, kind) in enumerate(zip(events, kinds, strict=True)):
        if kind == ORDER:
            cart = read_cart(event.get("cart_products"), _spelling(event, shop_domains))
            columns["cart"][row], columns["cart_problem"][row] = cart.lines, cart.problem
    return columns


def _ids(values: Sequence[object]) -> pa.StringArray:
    return scrubbed_column(text_column(values), scrubbed_id)


def _spelling(event: Event, shop_domains: tuple[str, ...]) -> Spelling:
    return event_spelling(event.get("store_id"), event.get("current_url"), shop_domains)


def constants(portion: Portion, rows: int) -> dict[str, Any]:
    """The columns that are the same in all rows of a portion."""
    values = {"topic": portion.topic, "partition": portion.partition, "arrival": portion.arrival, "events": 1}
    return {name: pa.repeat(pa.scalar(value, RAW_EVENT.field(name).type), rows) for name, value in values.items()}


def _content_hashes(events: list[Any], ids: pa.StringArray, object_ids: pa.StringArray) -> list[str | None]:
    """Of the events that neither id tells."""
    found: list[str | None] = [None] * len(events)
    missing = pc.and_(_is_empty(ids), _is_empty(object_ids))
    for position in pc.indices_nonzero(missing).to_pylist():
        found[position] = content_hash(events[position])
    return found


def _is_empty(texts: pa.StringArray) -> pa.BooleanArray:
    return pc.equal(pc.fill_null(texts, ""), "")


def _device(value: object) -> str:
    """A device's id; the empty text where there is none of sane length."""
    device = first_identity(value, None)
    return device if len(device) <= LONGEST_KEY else ""


def _first_text(value: object, other: object) -> object:
    """The first that has a text; an empty text is none."""
    return value if as_text(value) else other


def bus_milliseconds(timestamp: object) -> int | None:
    """The record's timestamp on the bus, in milliseconds since 1970; None where the record had none."""
    if isinstance(timestamp, datetime):
        return round(timestamp.replace(tzinfo=timestamp.tzinfo or UTC).timestamp() * 1000)
    return int(timestamp) if isinstance(timestamp, int | float) and timestamp > 0 else None


def record_batch(columns: Mapping[str, Any], rows: int) -> pa.RecordBatch:
    """As many rows of RAW_EVENT; columns that are not given are null."""
    nothing = [None] * rows
    found = [columns.get(field.name, nothing) for field in RAW_EVENT]
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(found, RAW_EVENT, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=RAW_EVENT)
