"""Days of a feed: every record on the day of its arrival, once."""

from datetime import date

from benchmarks.daily_feed import by_day, daily_events, days_of
from utilities.event_generator.stream import Record

MIDNIGHT = 1_767_225_600_000  # 2026-01-01T00:00:00Z
DAY = 86_400_000


def test_every_record_is_handed_out_once_in_order_of_arrival() -> None:
    days = [(day, list(records)) for day, records in daily_events(6_000)]
    times = [record.timestamp_ms for _, records in days for record in records]
    assert [day for day, _ in days] == [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]
    assert len(times) == 6_000
    assert times == sorted(times)


def test_a_record_belongs_to_the_day_of_its_arrival_and_what_comes_later_to_the_last_day() -> None:
    records = [Record(MIDNIGHT + offset, b"k", b"v") for offset in (0, DAY - 1, DAY, 5 * DAY)]
    days = {day.day: [record.timestamp_ms - MIDNIGHT for record in feed] for day, feed in by_day(records, 2)}
    assert days == {1: [0, DAY - 1], 2: [DAY, 5 * DAY]}


def test_a_small_run_has_fewer_days() -> None:
    assert [days_of(number) for number in (100, 20_000, 5_000_000)] == [2, 10, 30]
