"""Anomalies that are sown into generated traffic, and the truth about them."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from utilities.feed_generator.times import iso

SPIKE, DROP, SILENCE, ERRORS, LEVEL = "spike", "drop", "silence", "errors", "level"
_KINDS = (SPIKE, DROP, ERRORS, LEVEL, SILENCE)
_COUNTED = ("click-events", "user_clickstream", "purchase-events", "customer-events")
SPIKE_TIMES = 5
DROPPED_SHARE = 0.9
ERRORS_SHARE = 0.6
DEGREES = 18.0
_LONGEST_MS = 30 * 60 * 1000


@dataclass(frozen=True)
class Anomaly:
    """What is wrong with a feed from `start_ms` to below `end_ms`; `device_id` of a sensor alone."""

    kind: str
    feed: str
    start_ms: int
    end_ms: int
    device_id: str | None = None

    def truth(self) -> dict[str, Any]:
        """The line of the file of truth."""
        told = asdict(self)
        told |= {"start": iso(told.pop("start_ms")), "end": iso(told.pop("end_ms"))}
        return {name: value for name, value in told.items() if value is not None}


def planned(count: int, start_ms: int, end_ms: int, devices: list[str], rng: random.Random) -> list[Anomaly]:
    """`count` anomalies that do not overlap, each after a quiet time of its own length or more."""
    found = []
    slot = (end_ms - start_ms) // max(count, 1)
    for number in range(count):
        length = min(slot // 3, _LONGEST_MS)
        first = start_ms + number * slot + slot // 3 + rng.randrange(max(slot // 6, 1))
        kind = _KINDS[number % len(_KINDS)] if count >= len(_KINDS) else rng.choice(_KINDS)
        feed, device = rng.choice(_COUNTED), None
        if kind == ERRORS:
            feed = "user_clickstream"
        if kind == LEVEL:
            feed, device = "sensor-readings", rng.choice(devices)
        found.append(Anomaly(kind, feed, first, first + length, device))
    return found


class Sown:
    """Does the anomalies to events as they are generated."""

    def __init__(self, anomalies: list[Anomaly], rng: random.Random) -> None:
        self._anomalies = anomalies
        self._rng = rng

    def done_to(self, feed: str, time_ms: int, event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """What becomes of an event: nothing, itself, itself changed, or itself and more of its kind."""
        kind = next((each.kind for each in self._anomalies if self._is_in(each, feed, time_ms, event)), None)
        if kind == SILENCE or (kind == DROP and self._rng.random() < DROPPED_SHARE):
            return
        if kind == ERRORS and self._rng.random() < ERRORS_SHARE:
            event = {**event, "status": 503, "error": "upstream did not answer"}
        if kind == LEVEL:
            event = {**event, "temperature": round(event["temperature"] + DEGREES, 2)}
        yield event
        for number in range(SPIKE_TIMES - 1 if kind == SPIKE else 0):
            yield self._another(event, number)

    @staticmethod
    def _is_in(anomaly: Anomaly, feed: str, time_ms: int, event: Mapping[str, Any]) -> bool:
        is_its = anomaly.feed == feed and anomaly.start_ms <= time_ms < anomaly.end_ms
        return is_its and anomaly.device_id in (None, event.get("device_id"))

    def _another(self, event: Mapping[str, Any], number: int) -> dict[str, Any]:
        """One more of the kind that no removal of duplicates takes away."""
        own = {name: f"{event[name]}-{number}" for name in ("purchase_id", "click_id", "session_id") if name in event}
        return {**event, **own, **({} if own else {"product_id": f"{event.get('product_id', '')}{number}"})}
