"""The traffic of all feeds in order of time: visits that come as the day and the week go, registrations, sensors."""

import heapq
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import TerminalError
from utilities.feed_generator.anomalies import Anomaly, Sown, planned
from utilities.feed_generator.people import People
from utilities.feed_generator.times import BUSIEST, Timed, busyness, iso
from utilities.feed_generator.visits import EVENTS_OF_A_VISIT, Visits, products

SENSOR_SHARE, REGISTERED_SHARE = 0.1, 0.02
KNOWN_PEOPLE = 300
DEVICES = 12
DAY_MS = 86_400_000
WARM_UP_MS = 240_000
"""Visits that began before the start are under way at it: no visit is longer."""
_BROKEN: Mapping[str, Mapping[str, Any]] = {
    "user-events": {"age": 211},
    "purchase-events": {"category": "jewellery"},
    "click-events": {"ip_address": "unknown"},
    "customer-events": {"event_type": "BOUGHT!"},
    "user_clickstream": {"status": 0},
    "sensor-readings": {"humidity": 142.0},
}
"""What a sown broken event has wrong."""
GENERATED = tuple(_BROKEN)
"""The feeds that have events here."""


@dataclass(frozen=True)
class FeedPlan:
    """What to generate: a mean of `rate` events a second of `seconds` from `start_ms`, by the curves unless `flat`."""

    seed: int
    start_ms: int
    seconds: float
    rate: float
    anomalies: int = 0
    broken: float = 0.0
    flat: bool = False

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.seconds <= 0:
            raise TerminalError("a run has a rate and a duration above zero; change --rate, --seconds or --events")
        if not 0 <= self.broken <= 0.5 or self.anomalies < 0:
            raise TerminalError("--broken is a share between 0 and 0.5, and --anomalies a number from 0")

    @property
    def end_ms(self) -> int:
        """When the traffic ends."""
        return self.start_ms + int(self.seconds * 1000)


class Traffic:
    """The events of a plan, and the truth about what is wrong with them. The same plan gives the same events."""

    def __init__(self, plan: FeedPlan) -> None:
        self._plan = plan
        self._rng = random.Random(f"{plan.seed}:{plan.start_ms}")
        self._people = People(plan.seed, KNOWN_PEOPLE, self._rng)
        self._visits = Visits(products(plan.seed), self._rng)
        self._devices = [f"sensor-{number:02}" for number in range(DEVICES)]
        self.anomalies: list[Anomaly] = planned(
            plan.anomalies, plan.start_ms, plan.end_ms, self._devices, random.Random(f"anomalies {plan.seed}")
        )
        self._sown = Sown(self.anomalies, self._rng)
        self.broken = 0

    def events(self) -> Iterator[Timed]:
        """In order of time, from the plan's start to below its end."""
        waiting: list[tuple[int, int, Timed]] = []
        number = 0
        for beginning in heapq.merge(self._people_come(), self._sensors(), key=lambda timed: timed[0]):
            time_ms, made = beginning
            while waiting and waiting[0][0] <= time_ms:
                yield from self._done(heapq.heappop(waiting)[2])
            for timed in made:
                number += 1
                heapq.heappush(waiting, (timed.time_ms, number, timed))
        while waiting:
            yield from self._done(heapq.heappop(waiting)[2])

    def _done(self, timed: Timed) -> Iterator[Timed]:
        if not self._plan.start_ms <= timed.time_ms < self._plan.end_ms:
            return
        for event in self._sown.done_to(timed.feed, timed.time_ms, timed.event):
            if self._plan.broken and self._rng.random() < self._plan.broken:
                self.broken += 1
                event = {**event, **_BROKEN[timed.feed]}
            yield Timed(timed.time_ms, timed.feed, event)

    def _people_come(self) -> Iterator[tuple[int, list[Timed]]]:
        """Visits and registrations, each beginning with its time: a Poisson process thinned by the curves."""
        plan = self._plan
        per_ms = plan.rate * (1 - SENSOR_SHARE) / 1000
        registered = per_ms * REGISTERED_SHARE / (1 - SENSOR_SHARE)
        visiting = (per_ms - registered) / EVENTS_OF_A_VISIT
        most = (visiting + registered) * (1 if plan.flat else BUSIEST)
        time = float(plan.start_ms - WARM_UP_MS)
        while True:
            time += -math.log(1 - self._rng.random()) / most
            if time >= plan.end_ms:
                return
            if not plan.flat and self._rng.random() * BUSIEST > busyness(time):
                continue
            at = int(time)
            is_new = self._rng.random() < registered / (visiting + registered)
            yield at, [self._registration(at)] if is_new else list(self._visits.visit(self._people.somebody(), at))

    def _registration(self, at: int) -> Timed:
        person = self._people.register()
        event = {
            "user_id": person.user_id,
            "name": person.name,
            "email": person.email,
            "age": person.age,
            "city": person.city,
            "country": person.country,
            "event_type": "user_registration",
            "timestamp": iso(at),
        }
        return Timed(at, "user-events", event)

    def _sensors(self) -> Iterator[tuple[int, list[Timed]]]:
        """Every device in turn, day and night: warm in the afternoon, damp at night."""
        plan = self._plan
        every = 1000 / (plan.rate * SENSOR_SHARE)
        for number in range(int(plan.seconds * 1000 / every)):
            at = plan.start_ms + int(number * every)
            device = number % DEVICES
            wave = math.sin((at % DAY_MS / DAY_MS - 0.375) * 2 * math.pi)
            event = {
                "device_id": self._devices[device],
                "temperature": round(19 + device * 0.3 + 3 * wave + self._rng.gauss(0, 0.2), 2),
                "humidity": round(min(max(50 - 8 * wave + self._rng.gauss(0, 1), 0), 100), 1),
                "timestamp": iso(at),
            }
            yield at, [Timed(at, "sensor-readings", event)]
