"""Who visits: people at home in one store, guests mostly; a few busy devices; crawlers, which keep no cookie.

People with an account often log in in the middle of a visit, and some share their device with somebody who has one too.
"""

import ipaddress
import random
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import accumulate

from utilities.event_generator.shop import Shop, Store
from utilities.event_generator.user_agents import any_browser, any_crawler

CRAWLER_SHARE = 0.02
GUEST_SHARE = 0.95
LOGIN_SHARE = 0.5
"""Of the visits of people with an account: those that they begin as guests."""
LOGGED_IN_PART = 0.82
"""Of the events of people with an account: those after the login, measured."""
SHARED_SHARE = 0.2
"""Of the devices of people with an account: those that have two users."""
HANDOVER_SHARE = 0.3
"""Of the visits on a shared device: those in which the other user takes over."""
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

    `user_id` and `email` are both `""` for a guest; `delay_ms` is the constant time its events travel. `partner` is the
    user id and the e-mail of the other user of a shared device.
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
    partner: tuple[str, str] | None = None

    def course(self, pages: int, rng: random.Random) -> dict[int, "Visitor"]:
        """Who is at the device in a visit of so many pages, by the page that each begins with."""
        if not self.user_id:
            return {0: self}
        users = [self]
        if self.partner is not None:
            users.append(replace(self, user_id=self.partner[0], email=self.partner[1]))
            rng.shuffle(users)
        course = {0: users[0]}
        if pages > 1 and rng.random() < LOGIN_SHARE:
            course = {0: replace(self, user_id="", email=""), rng.randrange(1, pages): users[0]}
        if len(users) > 1 and pages > 1 and rng.random() < HANDOVER_SHARE:
            course[rng.randrange(1, pages)] = users[1]
        return course


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
        partner = None
        if rng.random() < (1 - GUEST_SHARE) / (1 - CRAWLER_SHARE) / LOGGED_IN_PART:
            user_id, email = _account(rng)
            partner = _account(rng) if rng.random() < SHARED_SHARE else None
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
            partner=partner,
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


def _account(rng: random.Random) -> tuple[str, str]:
    user_id = str(rng.randrange(100_000, 1_900_000))
    return user_id, f"customer{user_id}@{rng.choice(_MAIL_HOSTS)}"


def _address(store: Store, rng: random.Random) -> str:
    if rng.random() < IPV6_SHARE:
        # 2001:db8::/32 is set aside for documentation (RFC 3849).
        return str(ipaddress.IPv6Address((0x2001_0DB8 << 96) | rng.getrandbits(64)))
    region = store.region if rng.random() > ADDRESS_ELSEWHERE_SHARE else rng.choice(_REGIONS)
    return f"{rng.choice(_FIRST_OCTETS[region])}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
