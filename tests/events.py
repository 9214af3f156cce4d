"""Literal events on the wire schema, for tests that need to know every one of them."""

import uuid
from collections.abc import Iterator
from typing import Any

NAMESPACE = uuid.UUID("6f2c1f0a-6b1e-4a57-9a51-0c8d8f6e2b11")
FIRST_SECOND = 1_767_225_600
"""2026-01-01T00:00:00Z."""

HOSTS = {"6": "www.shop.example.de", "7": "www.shop.example.co.uk", "12": "www.shop.example.fr"}
USER_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/81.0.4044.138"
    " Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 13_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0.4"
    " Mobile/15E148 Safari/604.1",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
)


def view(number: int, **changes: Any) -> dict[str, Any]:
    """Product view `number`: its id, second, visitor, store and product follow from the number."""
    store = sorted(HOSTS)[number % len(HOSTS)]
    event = {
        "_id": uuid.uuid5(NAMESPACE, f"document {number}").hex[:24],
        "id": str(uuid.uuid5(NAMESPACE, str(number))),
        "time_stamp": FIRST_SECOND + number,
        "ip": "203.0.113.0",
        "user_agent": USER_AGENTS[number % len(USER_AGENTS)],
        "resolution": "1366x768",
        "user_id_db": "",
        "device_id": str(uuid.uuid5(NAMESPACE, f"device {number % 500}")),
        "api_version": "1.0",
        "store_id": store,
        "local_time": "2026-01-01 07:00:00",
        "show_recommendation": "true",
        "current_url": f"https://{HOSTS[store]}/ring-{number % 97}.html?alloy=yellow-375",
        "referrer_url": "" if number % 7 else "https://www.google.com/",
        "email_address": "",
        "recommendation": False,
        "utm_source": False,
        "utm_medium": False,
        "collection": "view_product_detail",
        "product_id": str(80_000 + number % 97),
        "option": [{"option_label": "alloy", "option_id": "1", "value_label": "yellow-375", "value_id": "2"}],
    }
    return {**event, **changes}


def other_kind(number: int, **changes: Any) -> dict[str, Any]:
    """An event that is no product view."""
    event = view(number, collection="view_listing_page", option={"alloy": "yellow-375"})
    del event["product_id"]
    return {**event, **changes}


def views(count: int, first: int = 0) -> list[dict[str, Any]]:
    """`count` product views with numbers from `first`."""
    return [view(number) for number in range(first, first + count)]


def mixed(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Two product views to one event of another kind."""
    for number in range(first, first + count):
        yield other_kind(number) if number % 3 == 2 else view(number)


def act(number: int, kind: str, **changes: Any) -> dict[str, Any]:
    """An event of some other kind on the page of product view `number`, with an id of its own."""
    return view(number, **{"collection": kind, "id": str(uuid.uuid5(NAMESPACE, f"{kind} {number}")), **changes})


def order(number: int, order_id: int | float | str, *products: int, **changes: Any) -> dict[str, Any]:
    """A checkout_success with one line for each product, each piece at 1.234,50 euros."""
    lines = [
        {"product_id": product, "amount": 2, "price": "1.234,50", "currency": "€", "option": ""} for product in products
    ]
    return act(number, "checkout_success", order_id=order_id, cart_products=lines, **changes)
