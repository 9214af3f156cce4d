"""The wire shape of an event: the fields every kind has, in the order of the feed."""

import random
import time
from dataclasses import dataclass
from typing import Any

from utilities.event_generator.shop import Product
from utilities.event_generator.visitors import Visitor, uuid4_text

Event = dict[str, Any]

LOCAL_TIME_OFFSET_SECONDS = 7 * 3600
"""In the live topic `local_time` is `time_stamp` plus seven hours, whatever the store."""
FIRST_OBJECT_TIME, LAST_OBJECT_TIME = 0x5E83D900, 0x5ED98F80
"""The time part of `_id`: the live topic replays documents of 1 April to 5 June 2020."""


@dataclass(slots=True)
class Page:
    """A page as the browser shows it; `product` and its chosen `options` are None and empty on other pages."""

    address: str
    referrer: str
    category: str
    product: Product | None = None
    options: tuple[tuple[str, str, int], ...] = ()
    recommended: bool = False
    campaign: tuple[str, str] | None = None


def make_event(kind: str, visitor: Visitor, page: Page, time_stamp: int, fields: Event, rng: random.Random) -> Event:
    """One event with a new identity; `time_stamp` in seconds UTC, `fields` are those of the kind alone."""
    event: Event = {
        "_id": f"{rng.randrange(FIRST_OBJECT_TIME, LAST_OBJECT_TIME):08x}{rng.getrandbits(64):016x}",
        "time_stamp": time_stamp,
        "ip": visitor.ip,
        "user_agent": visitor.user_agent,
        "resolution": visitor.resolution,
        "user_id_db": visitor.user_id,
        "device_id": visitor.device_id,
        "api_version": "1.0",
        "store_id": visitor.store.store_id,
        "local_time": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time_stamp + LOCAL_TIME_OFFSET_SECONDS)),
        "show_recommendation": visitor.show_recommendation,
        "current_url": page.address,
        "referrer_url": page.referrer,
        "email_address": visitor.email,
    }
    if kind == "view_product_detail":
        event["recommendation"] = page.recommended
        event["utm_source"], event["utm_medium"] = page.campaign or (False, False)
    event["collection"] = kind
    event.update(fields)
    event["id"] = uuid4_text(rng)
    return event
