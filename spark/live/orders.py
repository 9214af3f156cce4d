"""Orders of a batch: an order counts in the window of the first event that tells of it, its revenue with its cart.

What one visitor or person tells of one order id and store within 24 hours is one order (docs/definitions.md). The facts
know all events of an order and take the earliest; a window takes the first to come, and is not told anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg

ORDER_GAP = timedelta(hours=24)
NOBODY = UUID(int=0)

TOLD = """
SELECT window_start, event_time, order_hash, coalesce(visitor, %(nobody)s), coalesce(person, %(nobody)s), is_bot, lines
FROM arrived
WHERE verdict IS NULL AND NOT is_late AND kind = %(order)s
ORDER BY event_time, bus_topic, bus_partition, bus_offset
"""
KNOWN = """
SELECT count(*) > 0, coalesce(bool_or(has_cart), false)
FROM live.recent_order
WHERE order_hash = %(order_hash)s AND (visitor = %(visitor)s OR person = %(person)s)
  AND last_time BETWEEN %(event_time)s - %(gap)s AND %(event_time)s + %(gap)s
"""
REMEMBER = """
INSERT INTO live.recent_order AS known (order_hash, visitor, person, last_time, has_cart)
VALUES (%(order_hash)s, %(visitor)s, %(person)s, %(event_time)s, %(has_cart)s)
ON CONFLICT (order_hash, visitor, person) DO UPDATE
SET last_time = greatest(known.last_time, excluded.last_time), has_cart = known.has_cart OR excluded.has_cart
"""
COUNT_ORDER = """
UPDATE live.window_total SET orders = orders + 1, bot_orders = bot_orders + %(bot)s
WHERE window_start = %(window_start)s
"""
ADD_REVENUE = """
INSERT INTO live.window_revenue AS known (window_start, is_bot, currency, orders, revenue, batch_id)
VALUES (%(window_start)s, %(is_bot)s, %(currency)s, 1, %(revenue)s, %(batch_id)s)
ON CONFLICT (window_start, is_bot, currency) DO UPDATE
SET orders = known.orders + 1, revenue = known.revenue + excluded.revenue, batch_id = excluded.batch_id
"""


@dataclass(frozen=True)
class Total:
    """What the lines of a cart add up to."""

    currency: str
    revenue: Decimal


def total_of(lines: Iterable[dict[str, Any]]) -> Total | None:
    """The one sum in one currency, as sql/load/068_fact_order.sql; None where there is none."""
    found = list(lines)
    currencies = {line.get("currency") for line in found}
    if len(currencies) != 1 or None in currencies:
        return None
    if any(line.get("amount") is None or line.get("price") is None for line in found):
        return None
    revenue = sum((Decimal(line["amount"]) * Decimal(line["price"]) for line in found), Decimal(0))
    return Total(str(currencies.pop()), revenue)


def count_orders(connection: psycopg.Connection, order_kind: str, batch_id: int) -> None:
    """Add the orders of the batch's events to their windows, in the caller's transaction."""
    for row in connection.execute(TOLD, {"nobody": NOBODY, "order": order_kind}).fetchall():
        window_start, event_time, order_hash, visitor, person, is_bot, lines = row
        cart = orjson.loads(lines) if lines else []
        is_known, had_cart = _known(connection, order_hash, visitor, person, event_time, bool(cart))
        values = {"window_start": window_start, "is_bot": is_bot, "bot": int(is_bot), "batch_id": batch_id}
        if not is_known:
            connection.execute(COUNT_ORDER, values)
        total = total_of(cart) if cart and not had_cart else None
        if total is not None:
            connection.execute(ADD_REVENUE, {**values, "currency": total.currency, "revenue": total.revenue})


def _known(
    connection: psycopg.Connection,
    order_hash: UUID | None,
    visitor: UUID,
    person: UUID,
    event_time: datetime,
    has_cart: bool,
) -> tuple[bool, bool]:
    """Whether the order is counted, and whether with a cart; an event without an order id is an order of its own."""
    if order_hash is None:
        return False, False
    values = {
        "order_hash": order_hash,
        "visitor": visitor,
        "person": person,
        "event_time": event_time,
        "gap": ORDER_GAP,
        "has_cart": has_cart,
    }
    ((is_known, had_cart),) = connection.execute(KNOWN, values).fetchall()
    connection.execute(REMEMBER, values)
    return bool(is_known), bool(had_cart)
