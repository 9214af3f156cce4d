"""Weeks of traffic by the minute, with anomalies whose truth is known; nothing is sent, the time is simulated.

The generator of feeds makes 20 events a second; four weeks of them would take an hour to make one by one. So visits are
drawn as it draws them, by its curves and shares, all at once, and its own plan says where an anomaly is.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from anomalies.quantity import Values
from anomalies.watched import Series
from utilities.feed_generator import anomalies as sown
from utilities.feed_generator.anomalies import Anomaly, planned
from utilities.feed_generator.times import busyness
from utilities.feed_generator.traffic import DAY_MS, REGISTERED_SHARE, SENSOR_SHARE
from utilities.feed_generator.visits import BOUGHT_SHARE, CART_SHARE, ERROR_SHARE, EVENTS_OF_A_VISIT, MOST_PAGES

START_MS = 1_767_571_200_000
"""Monday, 5 January 2026."""
WINDOW_MS = 60_000
DEVICES = ["sensor-00", "sensor-01", "sensor-02"]
CLICKS, STEPS = Series("click-events", "clicks"), Series("user_clickstream", "page_views")
ERRORS, ACTS = Series("user_clickstream", "errors"), Series("customer-events", "events")
PURCHASES, REGISTERED = Series("purchase-events", "purchases"), Series("user-events", "registrations")
REVENUE = Series("purchase-events", "revenue")
Curve = Callable[[float], float]


@dataclass(frozen=True)
class Weeks:
    """By series the value of each minute from START_MS on, and what was done to them."""

    series: dict[Series, Values]
    truth: list[Anomaly]


@dataclass(frozen=True)
class Shape:
    """How busy a moment is, and how much the days differ: `spread` is the deviation of a day's and an hour's level."""

    name: str
    busy: Curve
    spread: float = 0.0


def two_peaks(time_ms: float) -> float:
    """No curve of the generator's: two peaks a day, late and flat weekends, and 1.5 % more each day."""
    days = (time_ms - START_MS) / DAY_MS
    hour, is_weekend = days % 1 * 24, int(days) % 7 >= 5
    peaks = [(11.0, 2.0), (20.0, 2.5)] if not is_weekend else [(15.0, 5.0)]
    heights = sum(math.exp(-(((hour - at) / width) ** 2)) for at, width in peaks)
    return float((0.25 + 1.6 * heights) * (0.7 if is_weekend else 1.0) * 1.015**days)


GENERATED = Shape("generator", busyness)
OTHER = Shape("two peaks, growing, days differ by 10 %", two_peaks, 0.1)


def weeks(shape: Shape, seed: int, days: int, rate: float, anomalies: int) -> Weeks:
    """`days` of traffic at a mean of `rate` events a second."""
    rng = np.random.default_rng(seed)
    minutes = days * DAY_MS // WINDOW_MS
    busy = np.array([shape.busy(START_MS + minute * WINDOW_MS) for minute in range(minutes)])
    busy *= _uneven(rng, minutes, shape.spread)
    truth = planned(anomalies, START_MS, START_MS + days * DAY_MS, DEVICES, random.Random(f"anomalies {seed}"))
    series = _visits(rng, busy * rate * (1 - SENSOR_SHARE - REGISTERED_SHARE) / EVENTS_OF_A_VISIT * 60, truth)
    series[REGISTERED] = rng.poisson(busy * rate * REGISTERED_SHARE * 60).astype(float)
    return Weeks({**series, **_sensors(rng, minutes, rate, truth)}, truth)


def _uneven(rng: np.random.Generator, minutes: int, spread: float) -> Values:
    """Levels of days and, half as different, of hours; from one middle to the next without a step."""
    at = np.arange(minutes)
    parts = [(1440, spread), (60, spread / 2)]
    logs = [
        np.interp(at, np.arange(0, minutes + step, step), rng.normal(0, size, minutes // step + 1))
        for step, size in parts
    ]
    return np.asarray(np.exp(sum(logs)))


def _visits(rng: np.random.Generator, per_minute: Values, truth: list[Anomaly]) -> dict[Series, Values]:
    """What visits leave in each feed: a first page, up to MOST_PAGES more with an act each, a cart, a purchase."""
    begun = np.repeat(np.arange(len(per_minute)), rng.poisson(per_minute)) * float(WINDOW_MS)
    begun += rng.uniform(0, WINDOW_MS, len(begun))
    pages = rng.integers(1, MOST_PAGES + 1, len(begun))
    clicks, acts = [begun], []
    at = begun
    for number in range(MOST_PAGES):
        at = at + rng.uniform(2_000, 40_000, len(at))
        at, pages = at[pages > number], pages[pages > number]
        clicks.append(at)
        acts.append(at)
    last = begun + rng.uniform(2_000, 40_000, len(begun)) * rng.integers(1, MOST_PAGES + 1, len(begun))
    carts = last[rng.random(len(last)) < CART_SHARE]
    bought = carts[rng.random(len(carts)) < BOUGHT_SHARE / CART_SHARE] + 50_000
    pages_at, acts_at = np.concatenate(clicks), np.concatenate([*acts, carts, bought])
    steps_at = np.concatenate([pages_at + 400, carts, bought])
    is_error = rng.random(len(steps_at)) < ERROR_SHARE
    size = len(per_minute)
    done = _Done(truth, rng)
    steps, made = done.to("user_clickstream", steps_at, is_error.astype(float))
    purchases, paid = done.to("purchase-events", bought, rng.lognormal(4.6, 0.9, len(bought)))
    return {
        CLICKS: _counted(done.to("click-events", pages_at)[0], size),
        ACTS: _counted(done.to("customer-events", acts_at)[0], size),
        STEPS: _counted(steps, size),
        ERRORS: _counted(steps, size, made),
        PURCHASES: _counted(purchases, size),
        REVENUE: _counted(purchases, size, paid),
    }


class _Done:
    """Does to times what the generator does to events."""

    def __init__(self, truth: list[Anomaly], rng: np.random.Generator) -> None:
        self._truth = truth
        self._rng = rng

    def to(self, feed: str, times: Values, weights: Values | None = None) -> tuple[Values, Values]:
        """The times that stay or become more, with their weights."""
        weights = np.ones(len(times)) if weights is None else weights
        for each in self._truth:
            if each.feed != feed:
                continue
            inside = (times >= each.start_ms - START_MS) & (times < each.end_ms - START_MS)
            if each.kind == sown.ERRORS:
                weights = np.where(inside & (self._rng.random(len(times)) < sown.ERRORS_SHARE), 1.0, weights)
            elif each.kind == sown.SPIKE:
                more = sown.SPIKE_TIMES - 1
                times = np.concatenate([times, np.tile(times[inside], more)])
                weights = np.concatenate([weights, np.tile(weights[inside], more)])
            elif each.kind in (sown.DROP, sown.SILENCE):
                share = 1.0 if each.kind == sown.SILENCE else sown.DROPPED_SHARE
                kept = ~inside | (self._rng.random(len(times)) >= share)
                times, weights = times[kept], weights[kept]
        return times, weights


def _counted(times: Values, minutes: int, weights: Values | None = None) -> Values:
    place = (times // WINDOW_MS).astype(np.int64)
    inside = place < minutes
    told = None if weights is None else weights[inside]
    return np.bincount(place[inside], weights=told, minlength=minutes)[:minutes].astype(float)


def _sensors(rng: np.random.Generator, minutes: int, rate: float, truth: list[Anomaly]) -> dict[Series, Values]:
    """Means of each minute's readings, warm in the afternoon."""
    wave = np.sin((np.arange(minutes) % 1440 / 1440 - 0.375) * 2 * np.pi)
    readings = rate * SENSOR_SHARE * 60 / 12
    found = {}
    for number, device in enumerate(DEVICES):
        values = 19 + number * 0.3 + 3 * wave + rng.normal(0, 0.2 / math.sqrt(readings), minutes)
        for each in truth:
            if each.kind == sown.LEVEL and each.device_id == device:
                first, end = ((at - START_MS) // WINDOW_MS for at in (each.start_ms, each.end_ms))
                values[first:end] += sown.DEGREES
        found[Series("sensor-readings", "temperature_mean", "device", device)] = values
    return found
