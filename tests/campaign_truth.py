"""Who came by which campaign, in plain Python: random visits, and the truth about them without the product's code."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.plain_counts import Event, sessions

FIRST = 1_767_225_600
"""2026-01-01T00:00:00Z."""
DAY = 86_400
WINDOW = 30 * DAY
SHOP = "https://www.shop.example.de/"
REFERRERS = {
    "": "Direct",
    f"{SHOP}ring.html": "Internal",
    "https://www.google.de/search": "Search Engine",
    "https://chatgpt.com/": "AI Assistant",
    "https://mail.google.com/mail": "Email",
    "https://blog.gems.example/rings": "Other",
    "http://semalt.semalt.com/crawler.php": "Spam",
}
QUERIES = {
    "": None,
    "?alloy=gold": None,
    "?utm_source=newsletter&utm_medium=email&utm_campaign=spring": "newsletter/email/spring/",
    "?gclid=Cj0KCQ": "google/cpc//gclid",
    "?fbclid=IwAR&utm_campaign=sale": "facebook//sale/fbclid",
}
"""Of a landing page, and the campaign that each names: source, medium, name, kind of the click id."""
NOTHING, UNKNOWN = "none", "unknown"
Led = tuple[str, str]
"""Campaign and referrer."""


@dataclass(frozen=True)
class Visit:
    """What led to a session: `last` and `first` as Led, when these touches were (seconds), and its orders."""

    device: str
    started_at: int
    is_bot: bool
    last: Led
    touched_at: int | None
    first: Led
    first_touched_at: int | None
    events: tuple[Event, ...]


def random_events(seed: int, number: int, days: int = 100) -> list[Event]:
    """Visits of four devices, in an order of arrival that has nothing to do with time; no two events in one second."""
    rng = random.Random(seed)
    events: dict[int, Event] = {}
    for _ in range(number):
        second, device = rng.randrange(days * DAY), f"device {rng.randrange(4)}"
        # Half of the devices are rarely led to the shop, so that more than 30 days pass in between.
        share = 0.02 if device in ("device 0", "device 1") else 0.3
        for step in range(rng.randrange(1, 5)):
            second += rng.randrange(1, 1_500)
            query = rng.choice(list(QUERIES)) if rng.random() < share else ""
            pages = list(REFERRERS) if rng.random() < share else ["", f"{SHOP}ring.html"]
            referrer = f"{SHOP}ring.html" if step else rng.choice(pages)
            events[second] = visit_event(len(events), device, second, query, referrer) | {
                "user_id_db": rng.choice(["u1", "u2"]) if rng.random() < 0.2 else "",
                "is_program": device == "device 3" and rng.random() < 0.2,
                "collection": rng.choice(["view_home_page", "view_product_detail", "checkout_success"]),
                "currency": rng.choice(["EUR", "GBP", None]),
            }
    return rng.sample(list(events.values()), len(events))


def visit_event(number: int, device: str, second: int, query: str = "", referrer: str = "", **more: Any) -> Event:
    """One event, `second` seconds after FIRST."""
    return {
        "number": number,
        "device_id": device,
        "user_id_db": "",
        "time_stamp": FIRST + second,
        "current_url": f"{SHOP}{query}" if number % 11 else None,
        "referrer_url": referrer,
        "collection": "view_home_page",
        "is_program": False,
        "currency": "EUR",
        "price": Decimal(number) / 4,
    } | more


def campaign(event: Event) -> str:
    """The campaign that the event's page names, NOTHING, or UNKNOWN where the page was not sent."""
    if event["current_url"] is None:
        return UNKNOWN
    return QUERIES[event["current_url"].removeprefix(SHOP)] or NOTHING


def visits(events: Iterable[Event]) -> list[Visit]:
    """What led to each session, by device and by audience: people are not led by what led a robot."""
    found: list[Visit] = []
    before: dict[tuple[str, bool], list[tuple[int, Led]]] = {}
    for acts in sorted(sessions(events), key=lambda acts: acts[0]["time_stamp"]):
        is_bot = any(act["is_program"] or REFERRERS[act["referrer_url"]] == "Spam" for act in acts)
        touches = before.setdefault((acts[0]["device_id"], is_bot), [])
        own = touch(acts)
        start = acts[0]["time_stamp"]
        if own is not None:
            touches.append((start, own))
        itself = (campaign(acts[0]), acts[0]["referrer_url"])
        last_at, last = touches[-1] if touches and start - touches[-1][0] <= WINDOW else (None, itself)
        first_at, first = touches[0] if touches else (None, itself)
        found.append(Visit(acts[0]["device_id"], start, is_bot, last, last_at, first, first_at, tuple(acts)))
    return found


def touch(acts: list[Event]) -> Led | None:
    """The first event of a session that names a campaign, else the page that led to it, if that is another's."""
    for act in acts:
        if campaign(act) not in (NOTHING, UNKNOWN):
            return campaign(act), act["referrer_url"]
    own = REFERRERS[acts[0]["referrer_url"]] in ("Direct", "Internal", "Spam")
    return None if own else (campaign(acts[0]), acts[0]["referrer_url"])


def marts(found: Iterable[Visit]) -> dict[tuple[str, str, str], tuple[int, int, int, dict[str, Decimal], int, int]]:
    """By day, type of referrer and campaign: sessions, views, orders, revenue of people; sessions, orders of bots."""
    rows: dict[tuple[str, str, str], Any] = {}
    for visit in found:
        day = str((visit.started_at - FIRST) // DAY)
        key = (day, REFERRERS[visit.last[1]], visit.last[0])
        row = rows.setdefault(key, [0, 0, 0, Counter(), 0, 0])
        orders = [act for act in visit.events if act["collection"] == "checkout_success"]
        if visit.is_bot:
            row[4] += 1
            row[5] += len(orders)
            continue
        row[0] += 1
        row[1] += sum(act["collection"] == "view_product_detail" for act in visit.events)
        row[2] += len(orders)
        for order in orders:
            if order["currency"]:
                row[3][order["currency"]] += 2 * order["price"]
    return {key: (*row[:3], dict(row[3]), *row[4:]) for key, row in rows.items()}
