"""The cart of an order as an event sends it: its lines, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from kafka.event_text import as_json, as_text
from kafka.scrubbing.scrub import scrubbed_id, scrubbed_start
from spark.choices import chosen_options
from spark.prices import LARGEST_PRICE, Money, Spelling, amount_of, money

MOST_LINES = 1_000
LONGEST_PRODUCT_ID = 100
LONGEST_SENT = 100
IMPOSSIBLE_PRICE, IMPOSSIBLE_AMOUNT = "impossible_price", "impossible_amount"
IMPOSSIBLE_TOTAL, TOO_MANY_LINES = "impossible_total", "too_many_lines"


@dataclass(frozen=True)
class Cart:
    """`lines` is a JSON list of objects with product_id, amount, price, currency, currency_sent and choices, all text.

    `problem` is the rule that the cart breaks, None for a sound one; what is wrong stands in the lines as sent.
    """

    lines: str
    problem: str | None


def read_cart(products: object, spelling: Spelling) -> Cart:
    """The lines in the cart's order; none of anything that is no list of objects."""
    sent = [line for line in products if isinstance(line, Mapping)] if isinstance(products, list) else []
    read = [_read_line(line, spelling) for line in sent[:MOST_LINES]]
    problems = [problem for _, problem, _ in read if problem]
    if len(sent) > MOST_LINES:
        problems.insert(0, TOO_MANY_LINES)
    if sum(total for *_, total in read) >= LARGEST_PRICE:
        problems.append(IMPOSSIBLE_TOTAL)
    return Cart(_json([line for line, *_ in read]), problems[0] if problems else None)


def _read_line(line: Mapping[str, Any], spelling: Spelling) -> tuple[dict[str, str | None], str | None, Decimal]:
    """The line, what is wrong with it, and what it may add to a total."""
    price = money(line.get("price"), line.get("currency"), spelling)
    amount, is_sent = amount_of(line.get("amount"), spelling), _short(line.get("amount"))
    product_id = (as_text(line.get("product_id")) or "").strip()
    problem = IMPOSSIBLE_PRICE if price.is_impossible else IMPOSSIBLE_AMOUNT if is_sent and amount is None else None
    return (
        {
            "product_id": scrubbed_id(product_id) if len(product_id) <= LONGEST_PRODUCT_ID else None,
            "amount": is_sent if amount is None else f"{amount.normalize():f}",
            "price": _short(line.get("price")) if price.is_impossible else price.value,
            "currency": price.currency,
            "currency_sent": price.symbol,
            "choices": chosen_options(line.get("option")),
        },
        problem,
        _size(price, amount),
    )


def _size(price: Money, amount: Decimal | None) -> Decimal:
    return Decimal(price.value) * abs(amount) if price.value is not None and amount is not None else Decimal(0)


def _short(sent: object) -> str | None:
    return scrubbed_start((as_text(sent) or "").strip(), LONGEST_SENT) or None


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return as_json(value)
