"""What the marts of sessions say of a file of events, counted in plain Python without a line of the product's code.

What is a robot's, of which type a device is and where a store sells, other tests tell: here the caller says so.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import md5
from itertools import pairwise
from statistics import median
from typing import Any

from tests.plain_counts import Event, day, of_kind

Session = list[Event]
PAGE_TYPES = {
    "view_landing_page": "landing",
    "view_home_page": "home",
    "view_static_page": "static",
    "view_listing_page": "listing",
    "view_product_detail": "product",
    "view_all_recommend": "recommendations",
    "view_shopping_cart": "cart",
    "checkout": "checkout",
    "checkout_success": "order",
    "view_my_account": "account",
}
STEPS = ("view_product_detail", "add_to_cart_action", "checkout", "checkout_success")
PLAIN_PAGE = re.compile(r"https?://([a-z.]+)((?:/[a-z-]+)*)/*(?:[?#]|$)")


def event_key(event: Event) -> str:
    """The event's id in the warehouse, as 32 hex digits."""
    named = str(event.get("id") or "")
    return named.replace("-", "").lower() if named else md5(str(event["_id"]).encode()).hexdigest()


def agent_key(event: Event) -> str:
    """The key of its user agent in the warehouse, as 32 hex digits."""
    return md5(event["user_agent"].strip().encode()).hexdigest()


@dataclass(frozen=True)
class Visits:
    """Sessions and orders, each as its events; what other tests tell of them.

    Whose events are robots', by `event_key`; types of device by `agent_key`; countries by store; currencies by store
    and what was sent.
    """

    all: list[Session]
    orders: list[list[Event]]
    robots: set[str]
    device_types: dict[str, str]
    countries: dict[str, str]
    currencies: dict[tuple[str, str], str | None]

    @cached_property
    def _made_an_order(self) -> frozenset[int]:
        return frozenset(id(told[0]) for told in self.orders)

    def is_bot(self, event: Event) -> bool:
        return event_key(event) in self.robots

    def is_of_bot(self, session: Session) -> bool:
        return any(self.is_bot(event) for event in session)

    def people(self) -> list[Session]:
        return [session for session in self.all if not self.is_of_bot(session)]

    def step(self, session: Session, kind: str) -> list[Event]:
        """The events of a step: of the pages of orders those that made one, as they may be loaded again."""
        acts = of_kind(session, kind)
        return [act for act in acts if id(act) in self._made_an_order] if kind == STEPS[-1] else acts

    def device_type(self, session: Session) -> str:
        return self.device_types[agent_key(session[0])]


def pages(session: Session) -> list[str]:
    """Types of the pages that it showed, in order."""
    return [PAGE_TYPES[event["collection"]] for event in session if event["collection"] in PAGE_TYPES]


def funnel(visits: Visits, key: Callable[[Session], Any]) -> dict[Any, tuple[Any, ...]]:
    """By `key` of people's sessions: how many, how many reached each step, and the median seconds between two steps."""
    reached: dict[Any, Counter[int]] = defaultdict(Counter)
    seconds: dict[Any, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for session in visits.people():
        firsts = [min((act["time_stamp"] for act in visits.step(session, kind)), default=None) for kind in STEPS]
        depth = max((n for n, first in enumerate(firsts, 1) if first is not None), default=0)
        reached[key(session)].update(range(depth + 1))
        for n, (before, after) in enumerate(pairwise(firsts)):
            if before is not None and after is not None and after >= before:
                seconds[key(session)][n].append(after - before)
    return {
        each: (
            *(counts[n] for n in range(5)),
            *(float(median(seconds[each][n])) if seconds[each][n] else None for n in range(3)),
        )
        for each, counts in reached.items()
    }


def _numbers(visits: Visits, session: Session) -> tuple[int, ...]:
    """One session as the marts of paths add it up: people's, bounces, pages, with cart, with order, bots'."""
    if visits.is_of_bot(session):
        return 0, 0, 0, 0, 0, 1
    shown = len(pages(session))
    with_cart, with_order = (bool(visits.step(session, kind)) for kind in (STEPS[1], STEPS[3]))
    return 1, int(shown <= 1), shown, int(with_cart), int(with_order), 0


def _summed(visits: Visits, key: Callable[[Session], Any]) -> dict[Any, tuple[int, ...]]:
    found: dict[Any, tuple[int, ...]] = {}
    for session in visits.all:
        numbers = _numbers(visits, session)
        found[key(session)] = tuple(map(sum, zip(found.get(key(session), (0,) * 6), numbers, strict=True)))
    return found


def paths(visits: Visits) -> dict[tuple[str, str, str, str], tuple[int, ...]]:
    """By day, first, second and last type of page."""

    def key(session: Session) -> tuple[str, str, str, str]:
        shown = pages(session)
        following = shown[1] if len(shown) > 1 else "(exit)" if shown else "(none)"
        return day(session[0]), shown[0] if shown else "(none)", following, shown[-1] if shown else "(none)"

    return _summed(visits, key)


def landing_pages(visits: Visits) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """By day, page and its type; the page is empty where it has more in its address than lower-case words."""

    def key(session: Session) -> tuple[str, str, str]:
        plain = PLAIN_PAGE.match(session[0]["current_url"])
        return day(session[0]), plain[1] + plain[2] if plain else "", (pages(session) or ["(none)"])[0]

    return _summed(visits, key)


def next_pages(visits: Visits) -> dict[tuple[str, str], tuple[int, int, int]]:
    """By type of page and the type that followed it: steps and sessions of people, steps of bots."""
    steps: Counter[tuple[str, str]] = Counter()
    within: Counter[tuple[str, str]] = Counter()
    of_bots: Counter[tuple[str, str]] = Counter()
    for session in visits.all:
        if shown := pages(session):
            made = [*pairwise(["(entry)", *shown, "(exit)"])]
            (of_bots if visits.is_of_bot(session) else steps).update(made)
            within.update(set(made) if not visits.is_of_bot(session) else ())
    return {each: (steps[each], within[each], of_bots[each]) for each in steps.keys() | of_bots.keys()}


def searches(visits: Visits) -> dict[tuple[str, str], tuple[int, int, int, int, int]]:
    """By day and terms: searches and sessions of people, both without a result click, and searches of bots."""
    found: dict[tuple[str, str], list[tuple[int, bool, bool]]] = defaultdict(list)
    for number, session in enumerate(visits.all):
        acts = [event for event in session if event["collection"] in ("search_box_action", "view_product_detail")]
        for act, following in zip(acts, [*acts[1:], None], strict=False):
            if act["collection"] == "search_box_action":
                terms = " ".join(str(act.get("key_search") or "").lower().split()) or "(none)"
                is_clicked = following is not None and following["collection"] == "view_product_detail"
                found[day(act), terms].append((number, is_clicked, visits.is_bot(act)))
    counted = {}
    for key, told in found.items():
        people = [(number, is_clicked) for number, is_clicked, is_bot in told if not is_bot]
        inside, clicked = {number for number, _ in people}, {number for number, is_clicked in people if is_clicked}
        without = sum(not is_clicked for _, is_clicked in people)
        counted[key] = len(people), len(inside), without, len(inside) - len(clicked), len(told) - len(people)
    return counted


def recommendations(visits: Visits) -> dict[tuple[str, str], tuple[int, ...]]:
    """By day and place: people's visible, noticed, clicked, ordered; sessions, with a click, with an order; bots'."""
    steps: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    within: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for number, session in enumerate(visits.all):
        for event in session:
            place, is_one, step = event["collection"].partition("_recommendation_")
            if not is_one:
                continue
            key = day(event), place
            told = ["bots"] if visits.is_bot(event) else [step]
            if told == ["clicked"] and _orders(visits.step(session, STEPS[3]), event):
                told.append("ordered")
            steps[key].update(told)
            for each in told:
                within[key][each].add(number)
    return {
        key: (
            *(steps[key][step] for step in ("visible", "noticed", "clicked", "ordered")),
            len(set().union(*(found for step, found in within[key].items() if step != "bots"))),
            len(within[key]["clicked"]),
            len(within[key]["ordered"]),
            steps[key]["bots"],
        )
        for key in steps
    }


def _orders(made: list[Event], click: Event) -> bool:
    """Whether one of a session's orders is of what it clicked, not before it clicked it."""
    return any(
        str(line["product_id"]) == str(click["recommendation_product_id"])
        for event in made
        if event["time_stamp"] >= click["time_stamp"]
        for line in event["cart_products"]
    )
