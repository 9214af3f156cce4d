"""Events that carry what JSON and a driver can carry where something else was meant: none of them may stop a run."""

import json
from collections.abc import Iterator
from typing import Any

from tests.events import act

FIELDS = (
    *("id", "_id", "time_stamp", "user_id_db", "device_id", "store_id", "product_id", "viewing_product_id", "price"),
    *("user_agent", "current_url", "referrer_url", "utm_source", "utm_medium", "option", "currency", "order_id"),
    *("cart_products", "key_search", "recommendation_product_id", "recommendation_clicked_position"),
)
KINDS = (
    *("view_product_detail", "add_to_cart_action", "checkout_success", "search_box_action"),
    "product_detail_recommendation_clicked",
)


def nested(depth: int) -> Any:
    value: Any = "x"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 0.1, -0.0, 1e308, 1e-308, 1e21, 5e-324),
    *("", " ", "\0", "a\0b", "\x01\x02\x03", "\\.", "\\N", "\r\n", '"', "'", "\u200f", "\ufeff", "\U0010ffff" * 3),
    *("NaN", "1e400", "-1", "9" * 400, "1.5", "2,5", "0x10", "253402300799", "9999-12-31", "\U0001f48d" * 500),
    *("x" * 5_000, "ß" * 40_000, "y" * 1_000_000, "http://" + "a." * 2_000 + "example", "android-app://" + "b" * 4_000),
    *([], {}, [None], [[]], ["\0"], {"\ud7ff": "\0"}, {"$oid": "12"}, {"$numberDecimal": "1"}, nested(90)),
    # Texts that are JSON deeper than it can be written or read.
    *("[" * depth + "]" * depth for depth in (254, 255, 600, 1_000)),
    *([{}] * 1_200, {"price": {"price": []}}, [1, 2.5, "x", None, True], {"x" * 3_000: "y" * 3_000}),
)
ODD_LINES: tuple[dict[str, Any], ...] = (
    {"amount": 10**6, "price": "999999999999", "currency": "€"},
    {"amount": 10**12, "price": "1.00", "currency": "€"},
    {"amount": -(10**6), "price": 999_999_999_999.9999, "currency": "\0"},
    *({"product_id": odd, "amount": odd, "price": odd, "currency": odd, "option": odd} for odd in ODD_VALUES),
)


def odd_events(longest: int = 2**20) -> Iterator[dict[str, Any]]:
    """Every odd value in every field of every kind that reads it, and in every field of a cart's line.

    Without the values whose JSON is longer than `longest` characters.
    """
    number = 0
    for kind in KINDS:
        for field in FIELDS:
            for odd in ODD_VALUES:
                number += 1
                if len(json.dumps(odd)) > longest:
                    continue
                yield {**act(number, kind), "cart_products": [], "price": "1,00", field: odd}
    for line in ODD_LINES:
        number += 1
        if len(json.dumps(line)) > longest:
            continue
        yield act(number, "checkout_success", order_id=number, cart_products=[line])
