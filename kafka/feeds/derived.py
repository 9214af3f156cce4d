"""What a search document of a feed says beyond what was sent: by the functions that the warehouse's load uses, too.

A declaration names them in `derivedFields`.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

AGE_GROUPS = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"))
OLDEST_GROUP = "55+"
_KEYWORD = {"type": "keyword", "ignore_above": 256}

FIELDS_OF: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "age_group": {"age_group": _KEYWORD},
    "total_amount": {"total_amount": {"type": "double"}},
    "device": {
        "device_type": _KEYWORD,
        "browser": _KEYWORD,
        "os": _KEYWORD,
        "is_bot": {"type": "boolean"},
    },
    "referrer": {"referrer_domain": _KEYWORD, "referrer_type": _KEYWORD, "referrer_name": _KEYWORD},
}
"""Name in a declaration -> fields of the document, with their mapping."""

Values = Mapping[str, Any]
"""The declared fields of an event that hold a value of their kind, by name."""


def age_group(age: int) -> str:
    """The group of an age in whole years."""
    return next((name for below, name in AGE_GROUPS if age < below), OLDEST_GROUP)


def total_amount(price: float, quantity: int) -> float:
    """The price of all pieces, as decimal numbers: 3 x 0.1 is 0.3."""
    return float(Decimal(str(price)) * quantity)


def derive(names: tuple[str, ...], values: Values) -> dict[str, Any]:
    """The derived fields of these names, without those that the event says too little for."""
    found: dict[str, Any] = {}
    for name in names:
        found |= _FUNCTIONS[name](values)
    return {name: value for name, value in found.items() if value is not None}


def _age_group(values: Values) -> dict[str, Any]:
    age = values.get("age")
    return {} if age is None else {"age_group": age_group(age)}


def _total_amount(values: Values) -> dict[str, Any]:
    price, quantity = values.get("price"), values.get("quantity")
    return {} if price is None or quantity is None else {"total_amount": total_amount(price, quantity)}


def _device(values: Values) -> dict[str, Any]:
    # The enrichment needs no Spark, though it stands beside the load; its rules take a while to read.
    from spark.enrichment.user_agent import parse_user_agent

    device = parse_user_agent(values.get("user_agent"))
    return {
        "device_type": device.device_type,
        "browser": device.browser_info,
        "os": device.os,
        "is_bot": device.is_bot,
    }


def _referrer(values: Values) -> dict[str, Any]:
    from spark.enrichment.referrer import normalize_referrer

    referrer = normalize_referrer(values.get("referrer"), _shop_domains())
    return {
        "referrer_domain": referrer.referrer_domain,
        "referrer_type": referrer.referrer_type,
        "referrer_name": referrer.referrer_name,
    }


@cache
def _shop_domains() -> tuple[str, ...]:
    from spark.enrichment.settings import EnrichmentSettings

    return EnrichmentSettings.load().shop_domain_names


_FUNCTIONS: Mapping[str, Callable[[Values], dict[str, Any]]] = {
    "age_group": _age_group,
    "total_amount": _total_amount,
    "device": _device,
    "referrer": _referrer,
}
