"""What an event of a feed beside the main one adds to its window: pure, and the same whoever counts.

A cell is a metric, a dimension and a member, both empty for the total, and the measured value as decimal text, None
where events are only counted. Decimal sums are the same in whatever order batches come; docs/live.md has the metrics.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from kafka.feeds.derived import derive
from kafka.feeds.feed import Feed

UNKNOWN = "Unknown"
SPAM = "Spam"
FIRST_ERROR_STATUS = 400
"""HTTP: client errors and server errors begin here (RFC 9110, section 15)."""

Values = Mapping[str, Any]


class Cell(NamedTuple):
    """What one event adds to one metric; `value` is None where it is counted only."""

    metric: str
    dimension: str = ""
    member: str = ""
    value: str | None = None


@dataclass(frozen=True)
class Step:
    """A step of a session: which, whose, and whether something was bought with it."""

    session: str
    user: str
    is_converted: bool


def values_of(feed: Feed, event: Mapping[str, Any]) -> dict[str, Any]:
    """The declared fields that hold a value of their kind, and what is derived from them."""
    values = {field.name: field.read(event.get(field.name)) for field in feed.fields}
    return {**values, **derive(feed.derived_fields, values)}


def cells_of(feed_name: str, values: Values) -> list[Cell]:
    """The cells of a valid event; of a feed that nobody measures it is counted alone."""
    measure, needed = _MEASURES.get(feed_name, (None, ()))
    # Another declaration than ours may ask for less.
    is_measured = measure is not None and all(values.get(name) is not None for name in needed)
    return [Cell("events"), *(measure(values) if measure and is_measured else ())]


def step_of(feed_name: str, values: Values) -> Step | None:
    """The step that an event is, where its feed tells of sessions."""
    session, user, action = (values.get(name) for name in ("session_id", "user_id", "action"))
    if feed_name != "user_clickstream" or not session or not user:
        return None
    is_checkout = action == "submit" and (values.get("page") or "").startswith("/checkout")
    return Step(session, user, is_checkout or action == "purchase")


def _purchase(values: Values) -> Iterator[Cell]:
    amount = _text(_decimal(values["price"]) * values["quantity"])
    yield Cell("purchases", value=amount)
    yield Cell("purchases", "category", values["category"], amount)


def _act(values: Values) -> Iterator[Cell]:
    kind = values["event_type"]
    yield Cell("events", "event_type", kind)
    if values.get("amount") is not None:
        amount = _text(_decimal(values["amount"]))
        yield Cell("amount", value=amount)
        yield Cell("amount", "event_type", kind, amount)


def _step(values: Values) -> Iterator[Cell]:
    status = values.get("status")
    failed = bool(values.get("error")) or (status is not None and status >= FIRST_ERROR_STATUS)
    yield Cell("steps", value=str(int(failed)))
    if values["action"] == "view":
        yield Cell("page_views")


def _click(values: Values) -> Iterator[Cell]:
    kind = values.get("referrer_type") or UNKNOWN
    if values.get("is_bot") or kind == SPAM:
        return
    yield Cell("clicks")
    yield Cell("clicks", "device_type", values.get("device_type") or UNKNOWN)
    yield Cell("clicks", "referrer_type", kind)


def _registration(values: Values) -> Iterator[Cell]:
    yield Cell("registrations")
    yield Cell("registrations", "age_group", values.get("age_group") or UNKNOWN)


def _reading(values: Values) -> Iterator[Cell]:
    for metric in ("temperature", "humidity"):
        measured = _text(_decimal(values[metric]))
        yield Cell(metric, value=measured)
        yield Cell(metric, "device", values["device_id"], measured)


def _decimal(number: float) -> Decimal:
    """The number as it was spelled: 0.1 is 0.1."""
    return Decimal(str(number))


def _text(number: Decimal) -> str:
    return format(number, "f")


_MEASURES: Mapping[str, tuple[Callable[[Values], Iterator[Cell]], tuple[str, ...]]] = {
    "purchase-events": (_purchase, ("price", "quantity", "category")),
    "customer-events": (_act, ("event_type",)),
    "user_clickstream": (_step, ("action",)),
    "click-events": (_click, ()),
    "user-events": (_registration, ()),
    "sensor-readings": (_reading, ("device_id", "temperature", "humidity")),
}
"""By the feed's name: what measures its events, and the fields that it needs."""
