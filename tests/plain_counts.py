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
    return str(event["user_id_db"] or event["device_id"])


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


def sessions(events: Iterable[Event]) -> Counter[tuple[int, int, int]]:
    """How many sessions begin and end at these seconds and have so many events.

    More than 30 minutes of silence end a session, and each 24 hours since the first event after a silence.
    """
    by_visitor: dict[str, list[int]] = {}
    for event in events:
        by_visitor.setdefault(visitor(event), []).append(event["time_stamp"])
    found: Counter[tuple[int, int, int]] = Counter()
    for seconds in by_visitor.values():
        seconds.sort()
        chain, session = seconds[0], seconds[:1]
        for before, now in pairwise(seconds):
            is_silence = now - before > SECONDS_OF_SILENCE
            is_cut = (now - chain) // SECONDS_OF_A_DAY != (before - chain) // SECONDS_OF_A_DAY
            if is_silence or is_cut:
                found[session[0], session[-1], len(session)] += 1
                session = []
            chain = now if is_silence else chain
            session.append(now)
        found[session[0], session[-1], len(session)] += 1
    return found


def orders(events: Iterable[Event]) -> Counter[tuple[str, int, int]]:
    """How many orders have this id, so many lines and so many pieces.

    An id, a store and a device or user within 24 hours make one; the first cart that is not empty is its cart.
    """
    found: Counter[tuple[str, int, int]] = Counter()
    known: dict[tuple[str, str], list[tuple[set[str], list[Event]]]] = {}
    for event in sorted(of_kind(events, "checkout_success"), key=lambda event: int(event["time_stamp"])):
        who = {f"device {event['device_id']}"} | ({f"user {event['user_id_db']}"} if event["user_id_db"] else set())
        groups = known.setdefault((str(event["order_id"] or event["id"]), event["store_id"]), [])
        for people, told in groups:
            if people & who and event["time_stamp"] - told[-1]["time_stamp"] <= SECONDS_OF_A_DAY:
                people |= who
                told.append(event)
                break
        else:
            groups.append((who, [event]))
    for groups in known.values():
        for _, told in groups:
            cart: list[Event] = next((event["cart_products"] for event in told if event["cart_products"]), [])
            found[str(told[0]["order_id"] or ""), len(cart), sum(line["amount"] for line in cart)] += 1
    return found
