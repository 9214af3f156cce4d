"""Generated events of many days, handed out day by day as they arrive."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from benchmarks.feed import PARTITIONS, SEED, FeedRecord
from utilities.event_generator.delivery import partition_of
from utilities.event_generator.stream import DAY_MS, Plan, Record, generate

DAYS = 30
# A small run has fewer days instead of days that are nothing but Spark's start.
EVENTS_PER_DAY = 2_000
FIRST_DAY = date(2026, 1, 1)


def days_of(number: int) -> int:
    """How many days `number` events are spread over: 30, of a small number fewer, but at least two."""
    return max(min(DAYS, number // EVENTS_PER_DAY), 2)


def daily_events(number: int) -> Iterator[tuple[date, Iterator[FeedRecord]]]:
    """Each day with the events that arrive on it, among them late ones of earlier days; read each before the next."""
    days = days_of(number)
    plan = Plan(number, SEED, FIRST_DAY, days, duplicates=0.002, late=0.005, broken=0.0002)
    yield from by_day(generate(plan), days)


def by_day(records: Iterable[Record], days: int) -> Iterator[tuple[date, Iterator[FeedRecord]]]:
    """Records in order of arrival, by day of arrival (UTC); what comes after the last day belongs to it."""
    first_ms = int(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC).timestamp() * 1000)
    feed = (
        FeedRecord(partition_of(key, position, PARTITIONS), key, value, timestamp_ms)
        for position, (timestamp_ms, key, value) in enumerate(records)
    )
    for number, day in groupby(feed, key=lambda record: min((record.timestamp_ms - first_ms) // DAY_MS, days - 1)):
        yield FIRST_DAY + timedelta(days=number), day
