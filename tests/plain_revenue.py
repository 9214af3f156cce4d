"""What the marts of revenue say of a file of events, counted in plain Python."""

import re
from collections import defaultdict
from decimal import Decimal
from typing import Any

from tests.plain_counts import Event, cart, day
from tests.plain_marts import Visits

Sums = tuple[int, int, int, Decimal | None]


def price(line: Event) -> Decimal:
    """Of a line in these files, whose prices all have two decimals, however they are marked."""
    assert re.fullmatch(r"\d[\d., ]*[.,]\d\d", line["price"])
    return Decimal(re.sub(r"\D", "", line["price"])) / 100


def _currency(visits: Visits, order: Event, line: Event) -> str | None:
    return visits.currencies[order["store_id"], (line["currency"] or "").strip()]


def _audience(visits: Visits, order: Event) -> str:
    return "bots" if visits.is_bot(order) else "people"


def _summed(found: list[tuple[int, Decimal | None]], orders: int) -> Sums:
    """Of pieces and money: orders, pieces, what has no revenue of these, revenue."""
    known = [money for _, money in found if money is not None]
    return orders, sum(pieces for pieces, _ in found), len(found) - len(known), sum(known, Decimal()) if known else None


def revenue(visits: Visits) -> dict[tuple[str, str, str, str], Sums]:
    """By day, audience, country and currency: orders, pieces, orders without revenue, revenue.

    Nothing is added over unlike or unknown currencies.
    """
    found: dict[Any, list[tuple[int, Decimal | None]]] = defaultdict(list)
    for told in visits.orders:
        order, lines = told[0], cart(told)
        currencies = {_currency(visits, order, line) for line in lines}
        one = currencies.pop() if len(currencies) == 1 else None
        money = sum((line["amount"] * price(line) for line in lines), Decimal()) if one else None
        key = (day(order), _audience(visits, order), visits.countries[order["store_id"]], one or "Unknown")
        found[key].append((sum(line["amount"] for line in lines), money))
    return {key: _summed(sold, len(sold)) for key, sold in found.items()}


def product_revenue(visits: Visits) -> dict[tuple[str, str, str, str], tuple[int, int, Decimal | None]]:
    """By month, audience, product and currency: orders, pieces, revenue."""
    found: dict[Any, list[tuple[int, Decimal | None]]] = defaultdict(list)
    orders: dict[Any, set[int]] = defaultdict(set)
    for number, told in enumerate(visits.orders):
        order = told[0]
        for line in cart(told):
            currency = _currency(visits, order, line)
            product = str(line["product_id"])
            key = (day(order)[:6], _audience(visits, order), product, currency or "Unknown")
            found[key].append((line["amount"], line["amount"] * price(line) if currency else None))
            orders[key].add(number)
    counted = {key: _summed(sold, len(orders[key])) for key, sold in found.items()}
    return {key: (number, pieces, money) for key, (number, pieces, _, money) in counted.items()}
