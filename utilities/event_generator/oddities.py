"""The feed's odd but readable events: each oddity changes one finished event, at about its share of all events.

Shares with a count in them are those of the public dump; where only the existence of an oddity is known, the share
is small enough to leave totals alone and large enough to be met in a run of 100,000 events.
"""

import random
import time
from bisect import bisect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from utilities.event_generator.kinds import TOTAL
from utilities.event_generator.records import Event
from utilities.event_generator.visitors import uuid4_text

REPEATED_ACT_SHARE = 0.0025
"""Repeats of the same act in the same second, with an identity of their own: they count."""
UNRELATED_HOSTS = tuple(
    f"{prefix}{name}.example.{suffix}"
    for name in ("proxy", "translate", "mirror", "archive", "cache", "reader", "prices", "coupons", "preview", "sale")
    for prefix, suffix in (
        ("", "com"), ("", "net"), ("", "org"), ("www.", "de"), ("www.", "co.uk"), ("www.", "fr"), ("m.", "com"),
        ("m.", "ru"), ("cdn.", "com"), ("web.", "cn"), ("", "io"), ("", "info"), ("www.", "es"), ("www.", "it"),
    )
)  # fmt: skip
LONG_QUERY_CHARACTERS = 6_000

Change = Callable[[Event, random.Random], None]


@dataclass(frozen=True, slots=True)
class Oddity:
    """`change` alters an event in place; `share` is the part of all events that it is applied to."""

    name: str
    share: float
    change: Change


def _replace(field: str, value: object) -> Change:
    def change(event: Event, rng: random.Random) -> None:
        event[field] = value

    return change


def _without_time(event: Event, rng: random.Random) -> None:
    del event["time_stamp"]


def _spilled_cookie(event: Event, rng: random.Random) -> None:
    event["show_recommendation"] = f"true; EXAMPLE_SESSION={rng.getrandbits(64):016x}; path=/"


def _as_in_the_dump(event: Event, rng: random.Random) -> None:
    # The old dump: no `id`, and local_time on a clock of twelve hours without zero padding.
    del event["id"]
    local = time.strptime(event["local_time"], "%Y-%m-%d %H:%M:%S")
    clock = f"{local.tm_hour % 12 or 12}:{local.tm_min}:{local.tm_sec}"
    event["local_time"] = f"{time.strftime('%Y-%m-%d', local)} {clock}"


def _path(event: Event) -> str:
    address: str = event["current_url"]
    return "/" + address.split("/", 3)[3]


def _local_file(event: Event, rng: random.Random) -> None:
    event["current_url"] = (
        f"file:///C:/Users/user/Downloads{_path(event).partition('?')[0].rstrip('/') or '/index'}.htm"
    )


def _content_provider(event: Event, rng: random.Random) -> None:
    number = rng.randrange(1, 999)
    event["current_url"] = f"content://com.android.browser.provider/file/storage/emulated/0/saved-{number}.mhtml"


def _local_host(event: Event, rng: random.Random) -> None:
    event["current_url"] = f"http://localhost:{rng.choice((3000, 8080, 8888))}{_path(event)}"


def _staging_host(event: Event, rng: random.Random) -> None:
    stage = rng.choice(("staging", "dev", "test2", "preview"))
    event["current_url"] = event["current_url"].replace("www.", f"{stage}.", 1)


def _unrelated_host(event: Event, rng: random.Random) -> None:
    event["current_url"] = f"https://{rng.choice(UNRELATED_HOSTS)}{_path(event)}"


def _port(event: Event, rng: random.Random) -> None:
    scheme, _, host, path = event["current_url"].split("/", 3)
    event["current_url"] = f"{scheme}//{host}:{rng.choice((80, 443, 8443))}/{path}"


def _catalogue_address(event: Event, rng: random.Random) -> None:
    if "product_id" in event:
        origin = event["current_url"].split("/", 3)[:3]
        event["current_url"] = f"{'/'.join(origin)}/catalog/product/view/id/{event['product_id']}"


def _store_view(event: Event, rng: random.Random) -> None:
    origin, slash, path = event["current_url"].partition("example.")
    suffix, _, rest = path.partition("/")
    event["current_url"] = (
        f"{origin.replace('www.', 'stage.', 1)}{slash}{suffix}/sh{rng.choice(('gb', 'de', 'fr'))}/{rest}"
    )


def _no_product_page(event: Event, rng: random.Random) -> None:
    """A cart that is being configured, a list of recommendations, or a slug that is only a number."""
    if "product_id" in event:
        number, cart = event["product_id"], rng.randrange(1_700_000, 2_300_000)
        path = rng.choice(
            (
                f"checkout/cart/configure/id/{cart}/",
                f"county/recommendation/list/id/{number}/alloy/white-585/price/{rng.randrange(90, 2_000)}.00",
                f"-{cart % 100_000}.html",
            )
        )
        event["current_url"] = f"{'/'.join(event['current_url'].split('/', 3)[:3])}/{path}"


def _other_slug(event: Event, rng: random.Random) -> None:
    """A model's name that says no kind, or that looks like one: `magic-charm-5-mm`."""
    if "product_id" in event:
        model = rng.choice(("classic-choice", "magic-charm", "alluring-spring", "charming-string"))
        path = f"{model}-{rng.randrange(2, 11)}-mm.html"
        event["current_url"] = f"{'/'.join(event['current_url'].split('/', 3)[:3])}/{path}"


def _second_question_mark(event: Event, rng: random.Random) -> None:
    separator = "?" if "?" in event["current_url"] else "?gclid=EAIaIQ?"
    event["current_url"] += f"{separator}fbclid=IwAR{rng.getrandbits(64):016x}"


def _escaped_ampersand(event: Event, rng: random.Random) -> None:
    separator = "&" if "?" in event["current_url"] else "?alloy=white-585&"
    event["current_url"] += f"{separator}amp;utm_source=newsletter&amp;utm_medium=email"


def _empty_keys(event: Event, rng: random.Random) -> None:
    separator = "&" if "?" in event["current_url"] else "?"
    event["current_url"] += f"{separator}=&diamond=&=white"


def _fragment(event: Event, rng: random.Random) -> None:
    event["current_url"] += rng.choice(("#", "#reviews", "#product-options", "#!/details?tab=2"))


def _long_query(event: Event, rng: random.Random) -> None:
    separator = "&" if "?" in event["current_url"] else "?"
    event["current_url"] += separator + f"trace={rng.getrandbits(4 * LONG_QUERY_CHARACTERS):0{LONG_QUERY_CHARACTERS}x}"


ODDITIES = (
    Oddity("no time_stamp", 5 / 1_000_000, _without_time),
    Oddity("resolution is null", 240 / TOTAL, _replace("resolution", None)),
    Oddity("email is null", 397 / TOTAL, _replace("email_address", None)),
    Oddity("cookie in show_recommendation", 0.0002, _spilled_cookie),
    Oddity("as in the old dump", 0.001, _as_in_the_dump),
    Oddity("saved page", 0.0003, _local_file),
    Oddity("content provider", 0.0001, _content_provider),
    Oddity("localhost", 0.0001, _local_host),
    Oddity("staging host", 0.0005, _staging_host),
    Oddity("unrelated host", 0.002, _unrelated_host),
    Oddity("store view", 0.0005, _store_view),
    Oddity("port", 0.0003, _port),
    Oddity("address by id", 0.004, _catalogue_address),
    Oddity("no product page", 0.001, _no_product_page),
    Oddity("other slug", 0.002, _other_slug),
    Oddity("second question mark", 0.002, _second_question_mark),
    Oddity("escaped ampersand", 0.003, _escaped_ampersand),
    Oddity("empty keys", 0.0005, _empty_keys),
    Oddity("fragment", 0.004, _fragment),
    Oddity("long query", 0.0002, _long_query),
)
_WEIGHTS = tuple(accumulate(oddity.share for oddity in ODDITIES))
REPEATED_OBJECT_ID_SHARE = 0.004


class Oddness:
    """Makes some events odd; remembers `_id`s, because the live topic replays old documents under new ids."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._object_ids: deque[str] = deque(maxlen=1_000)

    def touch(self, event: Event) -> None:
        """Apply one oddity to the event, or most often none."""
        chance = self._rng.random()
        if chance < _WEIGHTS[-1]:
            ODDITIES[bisect(_WEIGHTS, chance)].change(event, self._rng)
        elif chance > 1 - REPEATED_OBJECT_ID_SHARE and self._object_ids:
            event["_id"] = self._rng.choice(self._object_ids)
        elif chance < 0.1:
            self._object_ids.append(event["_id"])

    def repeated_act(self, event: Event) -> Event | None:
        """A second event of the same act in the same second, for one event in 400."""
        if self._rng.random() >= REPEATED_ACT_SHARE:
            return None
        return {**event, "_id": f"{event['_id'][:8]}{self._rng.getrandbits(64):016x}", "id": uuid4_text(self._rng)}
