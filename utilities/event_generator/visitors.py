"""Who visits: people at home in one store, guests mostly; a few busy devices; crawlers, which keep no cookie."""

import ipaddress
import random
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

from utilities.event_generator.shop import Shop, Store
from utilities.event_generator.user_agents import any_browser, any_crawler

CRAWLER_SHARE = 0.02
GUEST_SHARE = 0.95
BUSY_DEVICES = 840
BUSY_SHARE = 0.04
RETURNING_SHARE = 0.12
IPV6_SHARE = 0.0005
ZERO_RESOLUTION_SHARE = 0.001
ADDRESS_ELSEWHERE_SHARE = 0.2
REMEMBERED_VISITORS = 20_000
_BUSY_EXPONENT = 0.45  # gives the busiest of 840 devices 0.05 % of all events, as in the feed

_FIRST_OCTETS = {
    "europe": (*range(77, 96), 109, 176, 178, 188, 193, 194, 195, 212, 213, 217),
    "americas": (24, 47, 50, *range(63, 77), *range(96, 100), 107, 108, 177, 179, 181, 186, 187, 189, 190, 200, 201),
    "asia_pacific": (1, 14, 27, 36, 49, *range(58, 62), 101, 103, *range(110, 127), 175, 180, 182, 183, 202, 203, 210),
    "africa_middle_east": (5, 31, 37, 41, 46, 102, 105, 154, 196, 197),
}
_REGIONS = tuple(_FIRST_OCTETS)
_SHOW_RECOMMENDATION = ("true",) * 5 + ("false",) * 2 + (None,) * 3
_MAIL_HOSTS = ("mail.example.com", "post.example.net", "inbox.example.org")


@dataclass(slots=True)
class Visitor:
    """One device, and what every event of it repeats.

    `user_id` and `email` are both `""` for a guest; `delay_ms` is the constant time its events travel.
    """

    device_id: str
    store: Store
    language: str
    ip: str
    user_agent: str
    resolution: str
    user_id: str
    email: str
    show_recommendation: str | None
    is_crawler: bool
    delay_ms: int


def uuid4_text(rng: random.Random) -> str:
    """A random version 4 UUID in its usual spelling; four times as fast as `str(uuid.UUID(...))`."""
    digits = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


class Visitors:
    """Chooses who comes next; remembers the last 20,000 devices so that some of them return."""

    def __init__(self, shop: Shop, rng: random.Random) -> None:
        self._shop = shop
        self._rng = rng
        self._recent: list[Visitor] = []
        self._replaced = 0
        self._busy: dict[int, Visitor] = {}
        self._busy_weights = tuple(accumulate((rank + 1) ** -_BUSY_EXPONENT for rank in range(BUSY_DEVICES)))

    def next(self) -> Visitor:
        """A crawler, a busy device, a returning or a new visitor, each at its share of the visits."""
        chance = self._rng.random()
        if chance < CRAWLER_SHARE:
            return self._crawler()
        if chance < CRAWLER_SHARE + BUSY_SHARE:
            rank = bisect(self._busy_weights, self._rng.random() * self._busy_weights[-1])
            if rank not in self._busy:
                self._busy[rank] = self._person()
            return self._busy[rank]
        if chance < CRAWLER_SHARE + BUSY_SHARE + RETURNING_SHARE and self._recent:
            return self._rng.choice(self._recent)
        return self._remember(self._person())

    def _remember(self, visitor: Visitor) -> Visitor:
        if len(self._recent) < REMEMBERED_VISITORS:
            self._recent.append(visitor)
        else:
            self._recent[self._replaced % REMEMBERED_VISITORS] = visitor
            self._replaced += 1
        return visitor

    def _person(self) -> Visitor:
        rng = self._rng
        store = self._shop.any_store(rng)
        user_agent, resolution = any_browser(rng)
        user_id = email = ""
        if rng.random() < (1 - GUEST_SHARE) / (1 - CRAWLER_SHARE):
            user_id = str(rng.randrange(100_000, 1_900_000))
            email = f"customer{user_id}@{rng.choice(_MAIL_HOSTS)}"
        return Visitor(
            device_id=uuid4_text(rng),
            store=store,
            language=store.language if rng.random() < 0.75 else rng.choice((store.language, *store.other_languages)),
            ip=_address(store, rng),
            user_agent=user_agent,
            resolution=resolution if rng.random() > ZERO_RESOLUTION_SHARE else "0x0",
            user_id=user_id,
            email=email,
            show_recommendation=rng.choice(_SHOW_RECOMMENDATION),
            is_crawler=False,
            delay_ms=rng.randrange(20, 400),
        )

    def _crawler(self) -> Visitor:
        rng = self._rng
        store = self._shop.any_store(rng)
        user_agent, resolution, network = any_crawler(rng)
        return Visitor(
            device_id=uuid4_text(rng),
            store=store,
            language=store.language,
            ip=f"{network}.{rng.randrange(256)}.{rng.randrange(1, 255)}",
            user_agent=user_agent,
            resolution=resolution,
            user_id="",
            email="",
            show_recommendation=None,
            is_crawler=True,
            delay_ms=rng.randrange(20, 400),
        )


def _address(store: Store, rng: random.Random) -> str:
    if rng.random() < IPV6_SHARE:
        # 2001:db8::/32 is set aside for documentation (RFC 3849).
        return str(ipaddress.IPv6Address((0x2001_0DB8 << 96) | rng.getrandbits(64)))
    region = store.region if rng.random() > ADDRESS_ELSEWHERE_SHARE else rng.choice(_REGIONS)
    return f"{rng.choice(_FIRST_OCTETS[region])}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
