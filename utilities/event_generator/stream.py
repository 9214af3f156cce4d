"""The order in which events arrive: the daily curve, the travel time, and late, repeated and broken records."""

import heapq
import json
import math
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import accumulate, islice
from typing import NamedTuple

import orjson

from config.errors import TerminalError
from utilities.event_generator.broken import any_broken
from utilities.event_generator.oddities import Oddness
from utilities.event_generator.orders import OrderNumbers
from utilities.event_generator.records import Event
from utilities.event_generator.shop import Shop
from utilities.event_generator.visitors import Visitor, Visitors
from utilities.event_generator.visits import Visit

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
# Relative traffic by hour UTC: quiet at 02, busy in the European evening; mornings build up through the day.
HOURS = (30, 22, 18, 17, 20, 28, 40, 52, 62, 68, 72, 74, 75, 74, 73, 74, 78, 86, 97, 106, 104, 88, 64, 44)
WEEKDAYS = (1.0, 0.97, 0.96, 0.97, 0.95, 1.02, 1.13)
DAY_SPREAD = 0.04  # the feed has 396k to 480k events a day
LATE_BY_DAYS_SHARE = 0.3
REPEATED_SOON_SHARE = 0.8
_SAMPLE_FOR_FINGERPRINT = 100


class Record(NamedTuple):
    """One Kafka record: arrival time in ms, key (the device id) and value."""

    timestamp_ms: int
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Plan:
    """What to generate: `events` records in all, of which the given shares are repeats, late or broken."""

    events: int
    seed: int
    start: date
    days: int
    duplicates: float
    late: float
    broken: float

    def __post_init__(self) -> None:
        if self.events < 1 or self.days < 1:
            raise TerminalError("a run has at least one event and one day; raise --events or --days")
        if not all(0 <= share <= 0.5 for share in (self.duplicates, self.late, self.broken)):
            raise TerminalError("a share is between 0 and 0.5; change --duplicates, --late or --broken")

    def start_ms(self) -> int:
        """Midnight UTC of the first day, in ms."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp() * 1000)

    def fingerprint(self) -> str:
        """16 hex digits that tell this run from any other: its arguments and, for the code's sake, first records."""
        digest = sha256(json.dumps(asdict(self), default=str).encode())
        for record in islice(generate(self), _SAMPLE_FOR_FINGERPRINT):
            digest.update(repr(record).encode())
        return digest.hexdigest()[:16]


def generate(plan: Plan, skipped_ms: int = 0) -> Iterator[Record]:
    """Exactly `plan.events` records in order of arrival; the same plan gives the same bytes.

    The first visit begins `skipped_ms` after the first day's midnight, and the last day ends as much later.
    """
    return _Generation(plan, skipped_ms).records()


class _Chosen:
    """Picks exactly `wanted` of `total` items, in one pass (Knuth, TAOCP volume 2, 3.4.2, algorithm S)."""

    def __init__(self, wanted: int, total: int, rng: random.Random) -> None:
        self._wanted = wanted
        self._left = total
        self._rng = rng

    def next(self) -> bool:
        chosen = self._wanted > 0 and self._rng.random() * self._left < self._wanted
        self._left -= 1
        self._wanted -= chosen
        return chosen


class _Generation:
    def __init__(self, plan: Plan, skipped_ms: int) -> None:
        self._rng = random.Random(plan.seed)
        start_ms = plan.start_ms() + skipped_ms
        self._end_ms = start_ms + plan.days * DAY_MS
        self._curve = Curve(start_ms, plan.days, plan.start.weekday(), self._rng, skipped_ms // HOUR_MS)
        shop = Shop()
        self._shop = shop
        self._visitors = Visitors(shop, self._rng)
        self._orders = OrderNumbers(self._rng)
        self._oddness = Oddness(self._rng)
        repeats, broken = round(plan.events * plan.duplicates), round(plan.events * plan.broken)
        self._acts = max(1, plan.events - repeats - broken)
        self._repeated = _Chosen(repeats, self._acts, self._rng)
        self._broken = _Chosen(broken, self._acts, self._rng)
        self._late = _Chosen(round(self._acts * plan.late), self._acts, self._rng)
        self._arriving: list[tuple[int, int, Record]] = []
        self._sent = 0

    def records(self) -> Iterator[Record]:
        made = 0
        while made < self._acts:
            start_ms = self._curve.at(made / self._acts)
            while self._arriving and self._arriving[0][0] <= start_ms:
                yield heapq.heappop(self._arriving)[2]
            visitor = self._visitors.next()
            visit = Visit(self._shop, visitor, self._orders, start_ms, self._rng)
            visit.walk()
            for time_ms, event in self._with_repeated_acts(visit.events)[: self._acts - made]:
                if time_ms >= self._end_ms:
                    break  # the run's last midnight ends the visits that are still under way
                made += 1
                self._send(time_ms, event, visitor)
        while self._arriving:
            yield heapq.heappop(self._arriving)[2]

    def _with_repeated_acts(self, events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
        result = []
        for time_ms, event in events:
            result.append((time_ms, event))
            if (again := self._oddness.repeated_act(event)) is not None:
                result.append((time_ms, again))
        return result

    def _send(self, time_ms: int, event: Event, visitor: Visitor) -> None:
        self._oddness.touch(event)
        arrival = time_ms + visitor.delay_ms
        if self._late.next():
            arrival += self._lateness()
        key = visitor.device_id.encode()
        value = orjson.dumps(event)
        self._arrive(Record(arrival, key, value))
        if self._repeated.next():
            self._arrive(Record(arrival + self._pause_before_repeat(), key, value))
        if self._broken.next():
            self._arrive(Record(arrival, key, any_broken(event, self._rng)))

    def _arrive(self, record: Record) -> None:
        # The running number keeps the order of records that arrive in the same millisecond.
        heapq.heappush(self._arriving, (record.timestamp_ms, self._sent, record))
        self._sent += 1

    def _lateness(self) -> int:
        if self._rng.random() < LATE_BY_DAYS_SHARE:
            return self._rng.randrange(DAY_MS, 4 * DAY_MS)
        return self._rng.randrange(HOUR_MS, 12 * HOUR_MS)

    def _pause_before_repeat(self) -> int:
        # Most repeats are a sender's retry; the rest comes from a source that is read again.
        soon = self._rng.random() < REPEATED_SOON_SHARE
        return self._rng.randrange(500, 30_000) if soon else self._rng.randrange(HOUR_MS, 6 * HOUR_MS)


class Curve:
    """Maps the share of a run's events already made to a time: traffic by hour, weekday and chance."""

    def __init__(self, start_ms: int, days: int, first_weekday: int, rng: random.Random, first_hour: int = 0) -> None:
        self._start_ms = start_ms
        weights = [
            hour * day
            for number in range(days)
            for day in (WEEKDAYS[(first_weekday + number) % 7] * rng.uniform(1 - DAY_SPREAD, 1 + DAY_SPREAD),)
            for hour in HOURS[first_hour:] + HOURS[:first_hour]
        ]
        total = math.fsum(weights)
        self._until = [0.0, *(weight / total for weight in accumulate(weights))]

    def at(self, share: float) -> int:
        """The time in ms at which `share` (0 to below 1) of the traffic has passed."""
        hour = min(bisect(self._until, share), len(self._until) - 1) - 1
        begin, end = self._until[hour], self._until[hour + 1]
        return self._start_ms + int(HOUR_MS * (hour + (share - begin) / (end - begin)))
