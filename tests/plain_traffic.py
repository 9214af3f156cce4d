"""What the marts of traffic, products and persons say of a file of events, counted in plain Python."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any

from tests.plain_counts import day, of_kind, person, visitor
from tests.plain_marts import Visits, agent_key

VIEW, CART, ORDER = "view_product_detail", "add_to_cart_action", "checkout_success"
WINDOW_DAYS = 30
Tally = dict[Any, dict[str, set[str]]]


def _tally() -> Tally:
    return defaultdict(lambda: defaultdict(set))


def daily_traffic(visits: Visits) -> dict[str, tuple[int, ...]]:
    """By day: people's views, visitors, persons, sessions, cart additions; bots' views, visitors and sessions."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    who = _tally()
    for session in visits.all:
        counts[day(session[0])]["bot sessions" if visits.is_of_bot(session) else "sessions"] += 1
        for event in session:
            bots = "bot " if visits.is_bot(event) else ""
            if event["collection"] == VIEW:
                counts[day(event)][bots + "views"] += 1
                who[day(event)][bots + "visitors"].add(visitor(event))
                who[day(event)][bots + "persons"].add(person(session))
            elif event["collection"] == CART:
                counts[day(event)][bots + "carts"] += 1
    return {
        key: (
            *(found["views"], len(who[key]["visitors"]), len(who[key]["persons"]), found["sessions"], found["carts"]),
            *(found["bot views"], len(who[key]["bot visitors"]), found["bot sessions"]),
        )
        for key, found in counts.items()
    }


def visitors_by_month(visits: Visits) -> dict[str, int]:
    """By month: visitors of people's views."""
    who: dict[str, set[str]] = defaultdict(set)
    for session in visits.all:
        for view in of_kind(session, VIEW):
            if not visits.is_bot(view):
                who[day(view)[:6]].add(visitor(view))
    return {month: len(visitors) for month, visitors in who.items()}


def bots_and_people(visits: Visits) -> dict[tuple[str, str], tuple[int, ...]]:
    """By day and audience: events, views, visitors, persons."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    who = _tally()
    for session in visits.all:
        for event in session:
            key = day(event), "bots" if visits.is_bot(event) else "people"
            counts[key].update(["events", event["collection"]])
            who[key]["visitors"].add(visitor(event))
            who[key]["persons"].add(person(session))
    return {
        key: (found["events"], found[VIEW], len(who[key]["visitors"]), len(who[key]["persons"]))
        for key, found in counts.items()
    }


def country_traffic(visits: Visits) -> dict[tuple[str, str], tuple[int, ...]]:
    """By day and country: people's views, visitors, persons, sessions, with cart, with order; bots' views, sessions."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    who = _tally()
    for session in visits.all:
        key = day(session[0]), visits.countries[session[0]["store_id"]]
        is_of_bot = visits.is_of_bot(session)
        steps = [kind for kind in (CART, ORDER) if visits.step(session, kind)]
        counts[key].update(["bot sessions"] if is_of_bot else ["sessions", *steps])
        for view in of_kind(session, VIEW):
            key = day(view), visits.countries[view["store_id"]]
            counts[key]["bot views" if visits.is_bot(view) else "views"] += 1
            if not visits.is_bot(view):
                who[key]["visitors"].add(visitor(view))
                who[key]["persons"].add(person(session))
    return {
        key: (
            *(found["views"], len(who[key]["visitors"]), len(who[key]["persons"]), found["sessions"]),
            *(found[CART], found[ORDER], found["bot views"], found["bot sessions"]),
        )
        for key, found in counts.items()
    }


def device_types(visits: Visits) -> dict[tuple[str, str, str], tuple[int, ...]]:
    """By day, audience and type of device: views; sessions, with cart, with order."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for session in visits.all:
        audience = "bots" if visits.is_of_bot(session) else "people"
        steps = [kind for kind in (CART, ORDER) if visits.step(session, kind)]
        counts[day(session[0]), audience, visits.device_type(session)].update(["sessions", *steps])
        for view in of_kind(session, VIEW):
            audience = "bots" if visits.is_bot(view) else "people"
            counts[day(view), audience, visits.device_types[agent_key(view)]]["views"] += 1
    return {key: (found["views"], found["sessions"], found[CART], found[ORDER]) for key, found in counts.items()}


def product_performance(visits: Visits) -> dict[tuple[str, str], tuple[int, ...]]:
    """By month and product: people's views, visitors, persons, cart additions, persons with one; bots' views."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    who = _tally()
    for session in visits.all:
        for event in [*of_kind(session, VIEW), *of_kind(session, CART)]:
            key, kind = (day(event)[:6], event["product_id"]), event["collection"]
            if not visits.is_bot(event):
                counts[key][kind] += 1
                who[key][kind].add(person(session))
                who[key][f"visitors {kind}"].add(visitor(event))
            elif kind == VIEW:
                counts[key]["bot views"] += 1
    return {
        key: (
            *(found[VIEW], len(who[key][f"visitors {VIEW}"]), len(who[key][VIEW])),
            *(found[CART], len(who[key][CART]), found["bot views"]),
        )
        for key, found in counts.items()
    }


def cohort_retention(visits: Visits) -> dict[tuple[date, int], tuple[int, int]]:
    """By week of a person's first session and weeks since then: persons of the cohort, and those who came."""
    weeks: dict[str, set[date]] = defaultdict(set)
    for session in visits.people():
        began = datetime.strptime(day(session[0]), "%Y%m%d").date()
        weeks[person(session)].add(began - timedelta(days=began.weekday()))
    cohorts = Counter(min(came) for came in weeks.values())
    came = Counter((min(own), (week - min(own)).days // 7) for own in weeks.values() for week in own)
    newest = max(week for own in weeks.values() for week in own)
    return {
        (week, later): (size, came[week, later])
        for week, size in cohorts.items()
        for later in range((newest - week).days // 7 + 1)
    }


def product_pairs(visits: Visits) -> dict[frozenset[str], tuple[int]]:
    """By pair of products: sessions of people of the last 30 days that saw both, among 2 to 20 products."""
    newest = max(day(session[0]) for session in visits.all)
    since = (datetime.strptime(newest, "%Y%m%d") - timedelta(days=WINDOW_DAYS)).strftime("%Y%m%d")
    pairs: Counter[frozenset[str]] = Counter()
    for session in visits.people():
        if day(session[0]) > since:
            seen = {view["product_id"] for view in of_kind(session, VIEW)}
            if 2 <= len(seen) <= 20:
                pairs.update(frozenset(pair) for pair in combinations(sorted(seen), 2))
    return {pair: (sessions,) for pair, sessions in pairs.items() if sessions >= 2}
