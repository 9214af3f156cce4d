"""The document that Elasticsearch holds for an event: a few normalised fields to search, and the event as sent.

A field is missing where the event has none, or one of another type. Fields and types match the index template,
`config/elasticsearch/index-template.json`; addresses of e-mail, tokens and what tells who somebody is stay inside
`event`, which is not indexed. Whatever changes here, `./millrace reindex` does to the documents that are there.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

from kafka.event_text import as_text, object_id
from kafka.event_time import event_seconds
from kafka.scrubbing.scrub import scrubbed_id, scrubbed_text, scrubbed_url, scrubbed_user_agent
from kafka.visitor import searched_device

FIRST_USABLE_SECOND = 1_420_070_400  # 2015-01-01, the first day of the warehouse's calendar
LAST_USABLE_SECOND = 2_240_611_199  # 2040-12-31 23:59:59, its last
_SECONDS_PER_DAY = 86_400
_REBUILT = re.compile(r"(?<=-\d{4}\.\d{2})-\d{6}$")
# Browsers read a backslash as a slash.
_HOST = re.compile(r"[a-z][a-z0-9+.-]*:[/\\]{2}(?:[^/\\?#@]*@)?([^/\\?#:\[]+|\[[^/\\?#\]]*\])", re.IGNORECASE)


def event_time_ms(event: dict[str, Any], bus_time_ms: int) -> int:
    """The second that `time_stamp` means, in milliseconds; where that is unusable the bus time, failing both the epoch.

    Never the present: the same record must always belong to the same monthly index.
    """
    seconds = event_seconds(event.get("time_stamp"))
    if seconds is not None and FIRST_USABLE_SECOND <= seconds <= LAST_USABLE_SECOND:
        return seconds * 1000
    return bus_time_ms if FIRST_USABLE_SECOND <= bus_time_ms // 1000 <= LAST_USABLE_SECOND else 0


def index_name(alias: str, time_ms: int) -> str:
    """`product-views-2020.04`: the month, in UTC, of a time in milliseconds since 1970."""
    return f"{alias}-{_month(time_ms // 1000 // _SECONDS_PER_DAY)}"


def month_of(index: str) -> str:
    """The name that a month is written to by, of the index that holds it: without the number of a rebuild.

    The index itself may be replaced between a search and a write, which would make it anew.
    """
    return _REBUILT.sub("", index)


def event_document(
    event: dict[str, Any], time_ms: int, bus: dict[str, Any], indexed_at_ms: int, key: bytes
) -> dict[str, Any]:
    """The document of one event; `bus` is its topic, partition, offset and timestamp (milliseconds).

    `key` is FORGOTTEN_KEY, under which the device is hashed.
    """
    get = event.get
    current_url, referrer_url = _text(get("current_url"), scrubbed_url), _text(get("referrer_url"), scrubbed_url)
    document = {
        "@timestamp": time_ms,
        "collection": _text(get("collection")),
        "event_id": _text(get("id")) or _text(object_id(get("_id"))),
        "product_id": _text(get("product_id")) or _text(get("viewing_product_id")),
        "store_id": _text(get("store_id")),
        "host": _host(current_url),
        "current_url": current_url,
        "referrer_host": _host(referrer_url),
        "referrer_url": referrer_url,
        "device_id": searched_device(event, key),
        "guest": not _text(get("user_id_db")),
        "user_agent": _text(get("user_agent"), scrubbed_user_agent),
        "resolution": _text(get("resolution")),
        "utm_source": _text(get("utm_source"), scrubbed_text),
        "utm_medium": _text(get("utm_medium"), scrubbed_text),
        "recommendation": recommendation if type(recommendation := get("recommendation")) is bool else None,
        "order_id": _text(get("order_id")),
        "kafka": bus,
        "indexed_at": indexed_at_ms,
        "event": event,
    }
    return {name: value for name, value in document.items() if value is not None}


class Documents(Protocol):
    """How the events of a feed become documents."""

    def time_ms(self, event: dict[str, Any], bus_time_ms: int) -> int:
        """As `event_time_ms`."""

    def document(
        self, event: dict[str, Any], time_ms: int, bus: dict[str, Any], indexed_at_ms: int, key: bytes
    ) -> dict[str, Any]:
        """As `event_document`."""


class EventDocuments:
    """Those of the main feed."""

    time_ms = staticmethod(event_time_ms)
    document = staticmethod(event_document)


def erased_document(bus: dict[str, Any], erased_at_ms: int) -> dict[str, Any]:
    """What is left of a forgotten visitor's event: its position, so that it still counts; `bus` as `event_document`."""
    place = {name: bus[name] for name in ("topic", "partition", "offset")}
    return {"kafka": place, "erased_at": erased_at_ms}


@lru_cache(maxsize=10_000)
def _month(day: int) -> str:
    return datetime.fromtimestamp(day * _SECONDS_PER_DAY, UTC).strftime("%Y.%m")


def _text(value: Any, scrub: Callable[[str], str] = scrubbed_id) -> str | None:
    """As the warehouse spells it (`6200001.0` is order 6200001); a boolean, list or object is not searched for."""
    return scrub(as_text(value) or "") or None if type(value) in (str, int, float) else None


def _host(url: str | None) -> str | None:
    found = _HOST.match(url) if url else None
    return found.group(1).lower() if found else None
