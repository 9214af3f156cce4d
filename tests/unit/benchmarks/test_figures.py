"""What the benchmarks print: medians, ratios, and targets that are never said to be met when they are not."""

import io

import pytest
from rich.console import Console

from benchmarks.figures import Series, Target
from benchmarks.report import Report


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle() -> None:
    assert Series([4.0, 1.0, 3.0, 2.0]).median == 2.5


def test_a_series_is_shown_with_its_spread() -> None:
    assert Series([2.0, 1234.5, 3.0]).text(1) == "3.0 (2.0-1,234.5)"


def test_a_ratio_is_median_to_median() -> None:
    assert Series([1.0, 2.0, 30.0]).per(Series([4.0])) == 0.5


def test_a_ratio_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no meaning"):
        Series([1.0]).per(Series([0.0]))


@pytest.mark.parametrize(
    ("measured", "limit", "at_most", "verdict"),
    [
        (0.6, 0.6, True, "met"),
        (0.2, 0.6, True, "met"),
        (0.72, 0.6, True, "MISSED by 20 %"),
        (0.6001, 0.6, True, "MISSED by 0.1 %"),
        (1.0, 1.0, False, "met"),
        (8.4, 8.0, False, "met"),
        (0.45, 0.6, False, "MISSED by 25 %"),
    ],
)
def test_a_target_is_met_at_its_limit_and_missed_by_a_share_of_it(
    measured: float, limit: float, at_most: bool, verdict: str
) -> None:
    assert Target("promise", measured, limit, at_most).verdict() == verdict


def test_the_summary_shows_every_target_with_measured_and_promised_value() -> None:
    printed = io.StringIO()
    report = Report(Console(file=printed, width=120))
    report.target(Target("mirror: CPU per event", 0.75, 0.6, at_most=True))
    report.target(Target("mirror: first record after start", 1.2, 2.0, at_most=True, unit="s"))
    report.summary()
    lines = [line.split() for line in printed.getvalue().splitlines()]
    assert ["mirror:", "CPU", "per", "event", "0.75", "x", "<=", "0.60", "x", "MISSED", "by", "25", "%"] in lines
    assert ["mirror:", "first", "record", "after", "start", "1.20", "s", "<=", "2.00", "s", "met"] in lines
