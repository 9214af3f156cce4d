"""How far event time has come: per partition, and of the stream as a whole. Pure; seconds since 1970."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime


@dataclass(frozen=True)
class Read:
    """What a batch has read of one partition; `reached` is how far its events vouch for, None where nothing does."""

    first_offset: int
    next_offset: int
    reached: int | None


def reads(told: Iterable[tuple[int, int, int | None]]) -> dict[int, Read]:
    """What was read of each partition, from partition, offset and how far the record vouches for."""
    found: dict[int, Read] = {}
    for partition, offset, reached in told:
        known = found.get(partition, Read(offset, offset + 1, None))
        found[partition] = Read(
            min(known.first_offset, offset),
            max(known.next_offset, offset + 1),
            max((each for each in (known.reached, reached) if each is not None), default=None),
        )
    return found


def reached_of(read: Mapping[int, Read]) -> dict[int, int]:
    """How far each partition has come that has come anywhere."""
    return {partition: each.reached for partition, each in read.items() if each.reached is not None}


def time_of(seconds: int | None) -> datetime | None:
    """The instant, in UTC."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def vouched(event_seconds: int, bus_seconds: int | None, now: int, lead_seconds: int) -> int | None:
    """How far an event may move its partition: to its own time, but not beyond the bus's and ours with the tolerance.

    One event from the future would otherwise close everything before it. The record's time on the bus is the clock of
    whoever produced it, so that both may be of 2039. Without a time of the bus an event moves nothing.
    """
    return None if bus_seconds is None else min(event_seconds, min(bus_seconds, now) + lead_seconds)


def window_start(seconds: int, window_seconds: int) -> int:
    """Where the window begins that the second lies in."""
    return seconds - seconds % window_seconds


@dataclass(frozen=True)
class Clock:
    """How far a partition has come, None where it told nothing yet, and when it last told something (monotonic).

    That may be before this process began; of a partition that told nothing yet, it is when the stream first looked.
    """

    reached: int | None
    heard_at: float


@dataclass(frozen=True)
class Clocks:
    """The clocks of the topic's partitions, and the watermark that they have led to; it never goes back."""

    of: Mapping[int, Clock]
    watermark: int | None

    def heard(
        self, reached: Mapping[int, int], now: float, idle_seconds: float, unread: Collection[int] = ()
    ) -> "Clocks":
        """After a batch, begun at `now`, in which partitions have come so far.

        The least of the partitions that are not idle: one that lags keeps its windows open, one that nobody writes to
        holds up none. Where all are idle, or one that is not has told nothing yet, the watermark stays. What `unread`
        names is not idle, however long it was silent: the bus may have more of it.
        """
        clocks = dict(self.of)
        for partition, seconds in reached.items():
            known = clocks.get(partition)
            known_reached = known.reached if known else None
            clocks[partition] = Clock(seconds if known_reached is None else max(known_reached, seconds), now)
        awake = [
            clock.reached
            for partition, clock in clocks.items()
            if partition in unread or now - clock.heard_at < idle_seconds
        ]
        told = [each for each in awake if each is not None]
        found = min(told) if told and len(told) == len(awake) else None
        known_watermark = [each for each in (self.watermark, found) if each is not None]
        return replace(self, of=clocks, watermark=max(known_watermark, default=None))
