"""An outage is told when it begins and when it is over, and ends a run only when patience does."""

import logging
from types import SimpleNamespace

import pytest

from config.errors import UnavailableError
from kafka.consumer.outage import Outage
from kafka.waiting import LONGEST_PAUSE_SECONDS, pause_seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=1000.0)
    for module in ("consumer.outage", "waiting"):
        monkeypatch.setattr(f"kafka.{module}.time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def may_try(outage: Outage) -> bool:
    return outage.may_try


def test_ten_minutes_of_failures_are_a_few_lines(caplog: pytest.LogCaptureFixture, clock: SimpleNamespace) -> None:
    outage = Outage("waiting for the bus", None)
    end = clock.now + 600
    with caplog.at_level(logging.INFO):
        while clock.now < end:
            assert outage.may_try
            outage.failed(UnavailableError("away"))
            assert not may_try(outage)
            clock.now += LONGEST_PAUSE_SECONDS
        outage.over()
        outage.over()
    # After 10 s, 10 s more, 20 s more, 40 s, 80 s, 160 s and 320 s; and when it is over.
    assert len(caplog.records) <= 8
    assert "away" in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"] * (len(caplog.records) - 1) + ["INFO"]
    assert outage.may_try


def test_an_outage_is_told_within_seconds(caplog: pytest.LogCaptureFixture, clock: SimpleNamespace) -> None:
    outage, began = Outage("waiting for the bus", None), clock.now
    while not caplog.records:
        if outage.may_try:
            outage.failed(UnavailableError("away"))
        clock.now += 0.5
    assert clock.now - began <= 5


def test_a_wait_of_a_second_or_two_says_nothing(caplog: pytest.LogCaptureFixture, clock: SimpleNamespace) -> None:
    outage = Outage("waiting for the bus", None)
    with caplog.at_level(logging.INFO):
        for _ in range(20):
            for _ in range(3):
                outage.failed(UnavailableError("away"))
                clock.now += 0.9
            outage.over()
            clock.now += 10
    assert not caplog.records


def test_a_run_with_an_end_waits_as_long_as_its_patience(clock: SimpleNamespace) -> None:
    outage = Outage("waiting for the bus", 300)
    outage.failed(UnavailableError("away"))
    clock.now += 300
    outage.failed(UnavailableError("away"))
    clock.now += 1
    with pytest.raises(UnavailableError, match="still"):
        outage.failed(UnavailableError("still"))


def test_each_pause_is_twice_the_last_until_the_longest(clock: SimpleNamespace) -> None:
    outage, pauses = Outage("waiting for the bus", None), []
    for _ in range(7):
        began = clock.now
        outage.failed(UnavailableError("away"))
        while not outage.may_try:
            clock.now += 0.5
        pauses.append(clock.now - began)
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]
    assert pause_seconds(10**6) == LONGEST_PAUSE_SECONDS
