"""The truth about a file of events, counted in plain Python without a line of the product's code."""

import json
import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NoReturn
from urllib.parse import urlsplit

Event = dict[str, Any]

LARGEST_INTEGER = 2**63
DEEPLY_NESTED = b'{"a":' * 20
SECONDS_OF_SILENCE = 30 * 60
SECONDS_OF_A_DAY = 24 * 60 * 60
HOST_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789-_.")


def sound_event(line: bytes) -> Event | None:
    """The event of a line; None for what can be no document of the raw store."""
    try:
        event = json.loads(line.decode(), parse_constant=_refuse, parse_int=_integer, parse_float=_finite)
        json.dumps(event, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    is_storable = isinstance(event, dict) and DEEPLY_NESTED not in line and b"\\u0000" not in line
    return event if is_storable else None


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"not JSON: {text}")


def _integer(digits: str) -> int:
    number = int(digits)
    return number if -LARGEST_INTEGER <= number < LARGEST_INTEGER else _refuse(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def distinct(events: Iterable[Event]) -> list[Event]:
    """Each event once: by its `id`, or where it has none by its `_id`."""
    return list({event.get("id") or event["_id"]: event for event in events}.values())


def of_kind(events: Iterable[Event], kind: str) -> list[Event]:
    return [event for event in events if event["collection"] == kind]


def visitor(event: Event) -> str:
    """The device, whoever uses it; the user where there is no device."""
    return str(event["device_id"] or event["user_id_db"])


def day(event: Event) -> str:
    return datetime.fromtimestamp(event["time_stamp"], UTC).strftime("%Y%m%d")


def domain(url: str) -> str:
    """The registrable domain of a referrer; the empty text where it has none.

    The rules of the public-suffix list that the hosts of these files need: names are sold below `co.uk` and `com.au`,
    and not at all below `example`, which is no suffix.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme == "android-app":
        return host
    if parts.scheme not in ("http", "https") or not host or set(host) - HOST_CHARACTERS:
        return ""
    labels = host.split(".")
    if labels[-1] in ("example", "localhost"):
        return host
    is_second_level = len(labels) > 2 and labels[-2] in ("co", "com") and len(labels[-1]) == 2
    return ".".join(labels[-3 if is_second_level else -2 :])


def sessions(events: Iterable[Event]) -> list[list[Event]]:
    """The events of each session of each visitor, in order of time; `events` are in the order of the bus.

    More than 30 minutes of silence end a session, each 24 hours since the first event after a silence, and another user
    than the one whom an earlier event of the session named.
    """
    by_visitor: dict[str, list[Event]] = {}
    for event in events:
        by_visitor.setdefault(visitor(event), []).append(event)
    found: list[list[Event]] = []
    for acts in by_visitor.values():
        acts.sort(key=lambda event: int(event["time_stamp"]))
        chain, user = acts[0]["time_stamp"], ""
        for before, now in pairwise([acts[0], *acts]):
            last, second = before["time_stamp"], now["time_stamp"]
            is_silence = second - last > SECONDS_OF_SILENCE
            is_cut = (second - chain) // SECONDS_OF_A_DAY != (last - chain) // SECONDS_OF_A_DAY
            is_another = bool(user and now["user_id_db"]) and user != str(now["user_id_db"])
            if before is now or is_silence or is_cut or is_another:
                found.append([])
                user = ""
            chain = second if is_silence else chain
            user = str(now["user_id_db"] or user)
            found[-1].append(now)
    return found


def person(session: Iterable[Event]) -> str:
    """The user whom any event of the session names, else the device."""
    acts = list(session)
    return next((str(event["user_id_db"]) for event in acts if event["user_id_db"]), visitor(acts[0]))


def persons(events: Iterable[Event]) -> dict[int, str]:
    """The person of each event, by its `id()` in Python."""
    return {id(event): person(session) for session in sessions(events) for event in session}


def conversion(events: Iterable[Event]) -> float:
    """Sessions with an order, in per cent of all: those with the first event of one."""
    all_sessions = sessions(events := list(events))
    made = {id(told[0]) for told in purchases(events)}
    return 100 * sum(any(id(event) in made for event in session) for session in all_sessions) / len(all_sessions)


def purchases(events: Iterable[Event]) -> list[list[Event]]:
    """The events that tell of each order, in order of time: an id, a store, and a device or person each 24 hours."""
    who_of = persons(events := list(events))
    told_of: dict[int, list[Event]] = {}
    last: dict[tuple[str, str, str], Event] = {}
    acts = sorted(of_kind(events, "checkout_success"), key=lambda event: int(event["time_stamp"]))
    for event in acts:
        told_of[id(event)] = [event]
        for who in (f"device {event['device_id']}", f"person {who_of[id(event)]}"):
            name = (order_id(event) or event["id"], event["store_id"], who)
            before = last.get(name, event)
            last[name] = event
            one, other = told_of[id(before)], told_of[id(event)]
            if one is not other and event["time_stamp"] - before["time_stamp"] <= SECONDS_OF_A_DAY:
                one += other
                told_of |= {id(each): one for each in other}
    place = {id(event): number for number, event in enumerate(acts)}
    groups = {id(told): told for told in told_of.values()}
    return [sorted(told, key=lambda event: place[id(event)]) for told in groups.values()]


def cart(told: Iterable[Event]) -> list[Event]:
    """The lines of an order: of the first of its events whose cart is not empty."""
    return next((event["cart_products"] for event in told if event["cart_products"]), [])


def orders(events: Iterable[Event]) -> Counter[tuple[str, int, int]]:
    """How many orders have this id, so many lines and so many pieces."""
    return Counter(
        (order_id(told[0]), len(lines := cart(told)), sum(line["amount"] for line in lines))
        for told in purchases(events)
    )


def order_id(event: Event) -> str:
    """As text, the number 6200028.0 as 6200028; empty where there is none."""
    sent = event["order_id"]
    return str(int(sent) if isinstance(sent, float) and sent.is_integer() else sent or "")
