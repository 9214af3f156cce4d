"""What all browsers see, kept once: the windows of the last hour, and what changed with each number.

A message is encoded once, however many clients it goes to. The numbers are gapless; `resume` names them with the
process that counts, so that a client of another one, or of the one before a restart, gets a snapshot. So does everybody
once something is gone, for changes only add.
"""

import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from serving.query.live_store import TOP_MINUTES, Recent
from serving.query.parameters import encode

KEPT_DELTAS = 600
"""Numbers that a client may come back after; ten minutes at one a second."""
STALE_WINDOWS = 3
GOOD_SECONDS = 15.0
"""After so long without another reading the numbers are not live."""
SeriesKey = tuple[str, str, str, str]
Point = tuple[float | None, bool]


class LiveState:
    """Not for several threads: the hub's task changes it, and the event loop's others read it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.process = secrets.token_hex(4)
        self.number = 0
        self.is_filled = False
        self._read_at = 0.0
        self._good_for = GOOD_SECONDS
        self._newest: float | None = None
        self._stream: dict[str, Any] = {"window_seconds": 60, "watermark": None}
        self._series: dict[SeriesKey, OrderedDict[int, Point]] = {}
        self._units: dict[SeriesKey, str] = {}
        self._tops: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._anomalies: dict[int, dict[str, Any]] = {}
        self._events: list[dict[str, Any]] | None = None
        self._changes: deque[dict[str, Any]] = deque(maxlen=KEPT_DELTAS)
        self._encoded: dict[tuple[int | None, bool], bytes] = {}

    def apply(
        self,
        recent: Recent,
        events: list[dict[str, Any]] | None,
        now: float,
        minutes: float,
        good_for: float = GOOD_SECONDS,
        is_whole: bool = False,
    ) -> bool:
        """Take what the store holds now; whether anything changed, which then has the next number.

        A reading that `is_whole` has all that the store holds of the minutes: other points of them are gone.
        """
        self._read_at, self._good_for = now, good_for
        watermark = recent.watermark
        self._stream = {"window_seconds": recent.window_seconds, "watermark": watermark}
        self._newest = newest = recent.newest
        points = self._new_points(recent.points)
        self._forget(0 if newest is None else newest - minutes * 60)
        is_less = self.is_filled and self._is_less(recent, events, is_whole)
        tops = self._new_tops(recent.tops)
        anomalies = self._new_anomalies(recent.anomalies)
        fresh = self._new_events(events)
        for is_stale in (False, True):
            self._encoded.pop((None, is_stale), None)
        if not (points or tops or anomalies or fresh or is_less) and self.is_filled:
            return False
        self.is_filled = True
        self.number += 1
        change = {"number": self.number, "points": points, "tops": tops, "anomalies": anomalies, "events": fresh}
        if is_less:
            self._changes.clear()
        else:
            self._changes.append(change)
        self._encoded.clear()
        return True

    def _is_less(self, recent: Recent, events: list[dict[str, Any]] | None, is_whole: bool) -> bool:
        """Whether something that clients have is gone, which no change could tell them; points are let go of here.

        An anomaly that was over is no such thing: a client has it until newer ones come.
        """
        listed = {row["id"] for row in recent.anomalies}
        has_ended_unseen = any(row["ended_at"] is None for key, row in self._anomalies.items() if key not in listed)
        has_other_search = (events is None) != (self._events is None)
        return bool(is_whole and self._drop_all_but(recent.points)) or has_ended_unseen or has_other_search

    @property
    def is_stale(self) -> bool:
        """Whether the newest window is old by now, or the store has not been read of late."""
        now, window = self._clock(), self._stream["window_seconds"]
        is_old = self._newest is None or now - self._newest > (STALE_WINDOWS + 1) * window
        return is_old or now - self._read_at > self._good_for

    @property
    def resume(self) -> str:
        """What a client comes back with that has got the newest number."""
        return f"{self.process}-{self.number}"

    def position(self, resume: str | None) -> int | None:
        """The number that a client has, None where it has to begin with a snapshot."""
        process, _, number = (resume or "").partition("-")
        if process != self.process or not number.isdigit() or not self.is_filled:
            return None
        return int(number) if self._is_kept(int(number)) else None

    def _is_kept(self, number: int) -> bool:
        first = self._changes[0]["number"] if self._changes else self.number + 1
        return first - 1 <= number <= self.number

    def snapshot(self) -> bytes:
        """All of it."""
        known = None, self.is_stale
        if known not in self._encoded:
            series = [self._series_body(key, points) for key, points in self._series.items()]
            body = {
                **self._head("snapshot"),
                "series": series,
                "tops": list(self._tops.values()),
                "anomalies": list(self._anomalies.values()),
                "events": self._events,
            }
            self._encoded[known] = encode(body)
        return self._encoded[known]

    def after(self, number: int) -> bytes | None:
        """What changed since, in one message, the latest of everything; None where that is not known any more."""
        if not self._is_kept(number):
            return None
        known = number, self.is_stale
        if known not in self._encoded:
            self._encoded[known] = encode(self._merged(number))
        return self._encoded[known]

    def tick(self) -> bytes:
        """That nothing has changed, and since when that is known: `at` is the time of the last reading."""
        head = self._head("tick")
        head.pop("resume")
        return encode(head)

    def _merged(self, number: int) -> dict[str, Any]:
        points: dict[SeriesKey, dict[int, Point]] = {}
        tops: dict[tuple[str, str, str], dict[str, Any]] = {}
        anomalies: dict[int, dict[str, Any]] = {}
        events: list[dict[str, Any]] = []
        for change in self._changes:
            if change["number"] > number:
                for key, changed in change["points"].items():
                    points.setdefault(key, {}).update(changed)
                tops |= change["tops"]
                anomalies |= change["anomalies"]
                events = [*change["events"], *events]
        return {
            **self._head("delta"),
            "after": number,
            "series": [self._series_body(key, changed) for key, changed in points.items()],
            "tops": list(tops.values()),
            "anomalies": list(anomalies.values()),
            "events": events[:200],
        }

    def _head(self, kind: str) -> dict[str, Any]:
        told = {"type": kind, "number": self.number, "resume": self.resume, "at": round(self._read_at, 1)}
        return {**told, **self._stream, "is_stale": self.is_stale}

    def _series_body(self, key: SeriesKey, points: Any) -> dict[str, Any]:
        feed, metric, dimension, member = key
        listed = [[at, *point] for at, point in points.items()]
        told = {"feed": feed, "metric": metric, "dimension": dimension, "member": member}
        return {**told, "unit": self._units.get(key, ""), "points": listed}

    def _new_points(self, rows: Iterable[Sequence[Any]]) -> dict[SeriesKey, dict[int, Point]]:
        changed: dict[SeriesKey, dict[int, Point]] = {}
        for feed, metric, dimension, member, unit, at, value, is_closed in rows:
            key = (feed, metric, dimension, member)
            points = self._series.setdefault(key, OrderedDict())
            point = (value, bool(is_closed))
            if points.get(at) != point:
                is_earlier = bool(points) and at not in points and at < next(reversed(points))
                points[at] = point
                self._units[key] = unit or ""
                changed.setdefault(key, {})[at] = point
                if is_earlier:
                    self._series[key] = OrderedDict(sorted(points.items()))
        return changed

    def _forget(self, since: float) -> None:
        for key in list(self._series):
            points = self._series[key]
            while points and next(iter(points)) < since:
                points.popitem(last=False)
            if not points:
                del self._series[key], self._units[key]

    def _drop_all_but(self, rows: Iterable[Sequence[Any]]) -> bool:
        """Let go of points that are not among the rows; whether there were any."""
        found = {(*row[:4], row[5]) for row in rows}
        gone = [(key, at) for key, points in self._series.items() for at in points if (*key, at) not in found]
        for key, at in gone:
            del self._series[key][at]
            if not self._series[key]:
                del self._series[key], self._units[key]
        return bool(gone)

    def _new_tops(self, rows: Iterable[Sequence[Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
        found: dict[tuple[str, str, str], dict[str, Any]] = {}
        for feed, metric, dimension, member, unit, amount in rows:
            told = {"feed": feed, "metric": metric, "dimension": dimension, "unit": unit or ""}
            top = found.setdefault((feed, metric, dimension), {**told, "minutes": TOP_MINUTES, "members": []})
            top["members"].append([member, amount])
        changed = {key: top for key, top in found.items() if self._tops.get(key) != top}
        # Of a top that has emptied nothing comes any more; a page that stays open would keep it.
        changed |= {key: {**top, "members": []} for key, top in self._tops.items() if key not in found}
        self._tops = found
        return changed

    def _new_anomalies(self, rows: Iterable[dict[str, Any]]) -> dict[int, dict[str, Any]]:
        found = {row["id"]: row for row in rows}
        changed = {key: row for key, row in found.items() if self._anomalies.get(key) != row}
        self._anomalies = found
        return changed

    def _new_events(self, events: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
        known = {each["id"] for each in self._events or ()}
        self._events = events
        return [each for each in events or () if each["id"] not in known]
