"""What is usual raises nothing, what is not is one incident, and nothing is judged by itself."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomalies.baseline import fit
from anomalies.calendar import Calendar
from anomalies.incident import Incident, Kind, Role, State
from anomalies.judgement import Stretch
from anomalies.parameters import LONGEST_HOURS, MOST_SCORE, QUIET_WINDOWS
from anomalies.quantity import Flags, Quantity, Values
from anomalies.series import SeriesJudge, in_memory
from anomalies.watched import QUANTITIES, Series

WINDOWS = Calendar(300)
"""Of five minutes: a fifth of the work."""
HOURS = Calendar(3600)
BEGIN = 1_767_571_200 // 300
"""Monday, 5 January 2026, 0:00 UTC."""
DAY = 288
HALF = DAY // 2
HOUR_BEGIN = 1_767_571_200 // 3600


def busy(days: int, mean: float = 60.0, first: int = BEGIN) -> Values:
    """A day's curve with a quieter weekend."""
    minutes = np.arange(first, first + days * DAY)
    day = (minutes - BEGIN) // DAY % 7
    return mean * (1 - 0.7 * np.cos(2 * np.pi * (minutes % DAY) / DAY)) * np.where(day >= 5, 0.6, 1.0)


def noisy(means: Values, seed: int = 1) -> Values:
    return np.random.default_rng(seed).poisson(means).astype(float)


def found(
    values: Values,
    quantity: Quantity = Quantity.COUNT,
    role: Role = Role.OTHER,
    calendar: Calendar = WINDOWS,
    first: int = BEGIN,
    incidents: Sequence[Incident] = (),
    begin: int | None = None,
) -> list[Incident]:
    judge = SeriesJudge(quantity, role, calendar)
    read = in_memory(Stretch(first, values))
    return judge.judged(read, first if begin is None else begin, first + len(values), incidents)


def all_of(length: int) -> tuple[Flags, Flags]:
    """Every window may tell the baseline, and the level."""
    return np.ones(length, dtype=np.bool_), np.ones(length, dtype=np.bool_)


def test_usual_traffic_raises_nothing_and_a_drop_and_a_spike_are_one_incident_each() -> None:
    values = noisy(busy(12))
    drop, spike = 9 * DAY + HALF, 10 * DAY + 200
    values[drop : drop + 30] *= 0.1
    values[spike : spike + 30] *= 5
    first, second = found(values)
    assert (first.kind, second.kind) == (Kind.DROP, Kind.SPIKE)
    assert first.first == BEGIN + drop and second.first == BEGIN + spike
    assert 30 <= first.windows <= 33 and 30 <= second.windows <= 33
    assert not first.goes_on and not second.goes_on
    assert first.worst.value < first.worst.lower < first.worst.expected < first.worst.upper
    assert second.worst.lower < second.worst.expected < second.worst.upper < second.worst.value


def test_nothing_is_judged_before_seven_days() -> None:
    values = noisy(busy(7))
    values[6 * DAY + 100 :] = 0
    assert found(values) == []


@pytest.mark.parametrize("quantity", Quantity)
@given(st.floats(0, 1e6))
@settings(max_examples=4, deadline=None)
def test_a_constant_series_raises_nothing(quantity: Quantity, value: float) -> None:
    assert found(np.full(10 * 24, value), quantity, calendar=HOURS, first=HOUR_BEGIN) == []


@pytest.mark.parametrize("metric", [name for name, each in QUANTITIES.items() if each is not Quantity.COUNT])
def test_what_was_always_zero_has_a_scale_and_a_bound_score(metric: str) -> None:
    series = Series("a feed", metric)
    values = np.zeros(9 * 24)
    values[-3], values[-2] = series.least_scale, 4_000_000
    for quantity, role in series.roles:
        judge = SeriesJudge(quantity, role, HOURS, series.least_scale)
        (incident,) = judge.judged(in_memory(Stretch(HOUR_BEGIN, values)), HOUR_BEGIN, HOUR_BEGIN + len(values), [])
        worst = incident.worst
        assert (incident.first, abs(worst.score)) == (HOUR_BEGIN + len(values) - 2, MOST_SCORE)
        assert worst.upper - worst.lower >= series.least_scale


def test_zeros_alone_raise_nothing_until_something_comes() -> None:
    values = np.zeros(9 * DAY)
    assert found(values) == []
    values[-2] = 12
    (incident,) = found(values)
    assert incident.kind is Kind.SPIKE and incident.worst.expected < 0.1


@given(st.floats(1e-3, 1e3), st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_what_is_measured_in_other_units_is_judged_the_same(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = 20 + 3 * np.sin(np.arange(12 * 24) / 24 * 2 * np.pi) + rng.normal(0, 0.2, 12 * 24)
    values[270:273] += 15
    told = [
        [
            (each.first, each.last, each.worst.score)
            for each in found(series, Quantity.MEASURE, calendar=HOURS, first=HOUR_BEGIN)
        ]
        for series in (values, values * scale)
    ]
    assert [each[:2] for each in told[0]] == [each[:2] for each in told[1]] and told[0]
    # Of two days in the middle that are as near to usual, rounding decides which one tells.
    assert [each[2] for each in told[0]] == pytest.approx([each[2] for each in told[1]], rel=0.02)


@given(st.floats(0, 1e4))
@settings(max_examples=5, deadline=None)
def test_the_tested_value_never_changes_what_is_expected_of_it(value: float) -> None:
    values = noisy(busy(9))
    told = values.copy()
    told[-1] = value
    fits = [fit(BEGIN, each[: 8 * DAY], *all_of(8 * DAY), Quantity.COUNT, WINDOWS) for each in (values, told)]
    assert fits[0] and fits[1] and np.array_equal(fits[0].week, fits[1].week)
    for incident in found(told):
        if incident.worst.summed == 1 and incident.last == BEGIN + 9 * DAY - 1:
            other = told.copy()
            other[-1] = value * 2 + 1_000
            assert found(other)[-1].worst.expected == pytest.approx(incident.worst.expected)


@given(st.lists(st.integers(8 * DAY, 10 * DAY - 1), min_size=1, max_size=6), st.integers(0, 3))
@settings(max_examples=4, deadline=None)
def test_judged_in_pieces_is_judged_at_once(cuts: list[int], seed: int) -> None:
    values = noisy(busy(10, mean=20), seed)
    values[8 * DAY + 110 : 8 * DAY + 160] *= 0.05
    values[9 * DAY + 60 : 9 * DAY + 70] *= 6
    whole = found(values)
    pieces: list[Incident] = []
    at = BEGIN
    for cut in [*sorted(BEGIN + each for each in cuts), BEGIN + len(values)]:
        judge = SeriesJudge(Quantity.COUNT, Role.OTHER, WINDOWS)
        pieces = judge.judged(in_memory(Stretch(BEGIN, values)), at, cut, pieces)
        at = cut
    assert pieces == whole and len(whole) >= 2


def test_a_feed_that_stops_is_silent_and_windows_without_a_row_are_zero() -> None:
    values = noisy(busy(9))
    values[8 * DAY + HALF : 8 * DAY + HALF + 40] = np.nan
    (incident,) = found(values, role=Role.MAIN)
    assert incident.kind is Kind.SILENCE and incident.first == BEGIN + 8 * DAY + HALF
    (other,) = found(values)
    assert other.kind is Kind.DROP


def test_a_silence_that_the_clock_told_behind_what_closes_stays_until_its_windows_do() -> None:
    values = noisy(busy(9))
    values[8 * DAY + HALF : 8 * DAY + HALF + 40] = np.nan
    (silence,) = found(values[: 8 * DAY + HALF + 20], role=Role.MAIN)
    assert silence.kind is Kind.SILENCE and silence.goes_on
    # The windows of a quarter of a day before it close first, in any pieces.
    for end in (8 * DAY + 70, 8 * DAY + HALF - 1, 8 * DAY + HALF):
        assert found(values[:end], role=Role.MAIN, incidents=[silence], begin=BEGIN + 8 * DAY + 60) == [silence]


def test_a_measure_without_a_row_is_unknown_and_not_zero() -> None:
    values = 20 + np.random.default_rng(1).normal(0, 0.2, 9 * DAY)
    values[8 * DAY + 50 : 8 * DAY + 120] = np.nan
    assert found(values, Quantity.MEASURE, Role.SENSOR) == []


def test_a_sensor_is_judged_by_its_level_and_by_how_fast_it_changes() -> None:
    rng = np.random.default_rng(1)
    values = 20 + 3 * np.sin(np.arange(9 * DAY) / DAY * 2 * np.pi) + rng.normal(0, 0.2, 9 * DAY)
    creeping = values.copy()
    creeping[8 * DAY + 100 : 8 * DAY + 160] += np.linspace(0, 8, 60)
    (level,) = found(creeping, Quantity.MEASURE, Role.SENSOR)
    assert level.kind is Kind.LEVEL
    assert found(creeping[: 8 * DAY + 159], Quantity.RATE, Role.SENSOR) == []
    jumping = values.copy()
    jumping[8 * DAY + 100 : 8 * DAY + 160] += 4
    (rate, *_) = found(jumping, Quantity.RATE, Role.SENSOR)
    assert rate.kind is Kind.RATE and rate.first == BEGIN + 8 * DAY + 100


def test_clocks_that_change_move_nothing_in_the_zone_of_the_shop() -> None:
    berlin = Calendar(300, ZoneInfo("Europe/Berlin"))
    first = 1_773_615_600 // 300
    local = berlin.local_seconds(np.arange(first, first + 16 * DAY)) // 300
    means = 60 * (1 - 0.9 * np.cos(2 * np.pi * (local % DAY) / DAY))
    # The clocks go forward on 29 March 2026, day 13.
    assert found(noisy(means), calendar=berlin, first=first) == []


def test_an_incident_ends_after_quiet_windows_and_what_comes_before_belongs_to_it() -> None:
    values = noisy(busy(9))
    at = 8 * DAY + HALF
    for begin in (at, at + 20, at + 70):
        values[begin : begin + 10] *= 0.05
    first, second = found(values)
    assert first.first == BEGIN + at and first.last >= BEGIN + at + 29
    assert second.first == BEGIN + at + 70 and second.first - first.last > QUIET_WINDOWS


def test_a_new_level_is_one_incident_of_a_day_and_then_usual() -> None:
    means = busy(12)
    means[8 * DAY + HALF :] *= 3
    (incident,) = found(noisy(means))
    assert not incident.goes_on and LONGEST_HOURS * 12 - QUIET_WINDOWS <= incident.windows <= LONGEST_HOURS * 12


def test_what_is_dismissed_is_usual_again_and_what_is_confirmed_is_not() -> None:
    values = noisy(busy(9))
    at = 8 * DAY + HALF
    values[at : at + 30] *= 5
    (incident,) = found(values)
    week: dict[State, Values] = {}
    for state in State:
        told = replace(incident, goes_on=False, state=state)
        assert found(values, incidents=[told], begin=incident.last + 1) == [told]
        judge = SeriesJudge(Quantity.COUNT, Role.OTHER, WINDOWS)
        baseline = judge.baseline(BEGIN + 9 * DAY, in_memory(Stretch(BEGIN, values)), [told])
        assert baseline is not None
        week[state] = np.array([baseline.scales[1].above])
    assert week[State.OPEN] == week[State.CONFIRMED] < week[State.DISMISSED]


def test_a_dismissed_incident_goes_on_without_another() -> None:
    values = noisy(busy(9))
    at = 8 * DAY + HALF
    values[at:] *= 5
    (going,) = found(values[: at + 30])
    told = replace(going, state=State.DISMISSED, number=7)
    (after,) = found(values, incidents=[told], begin=BEGIN + at + 30)
    assert after.number == 7 and after.state is State.DISMISSED and after.last == BEGIN + len(values) - 1


def test_the_week_agrees_with_mstl() -> None:
    """statsmodels' MSTL, a decomposition by loess, as the oracle of what is usual at an hour of a day of the week."""
    from statsmodels.tsa.seasonal import MSTL

    means = busy(28).reshape(-1, 12).sum(axis=1)
    values = noisy(means)
    baseline = fit(HOUR_BEGIN, values, *all_of(len(values)), Quantity.COUNT, HOURS)
    assert baseline is not None
    parts = MSTL(np.sqrt(values), periods=(24, 168)).fit()
    oracle = np.square(parts.trend + parts.seasonal.sum(axis=1))
    windows = np.arange(HOUR_BEGIN + 14 * 24, HOUR_BEGIN + 21 * 24)
    ours, theirs = baseline.expected(windows), oracle[14 * 24 : 21 * 24]
    assert np.median(np.abs(ours / theirs - 1)) < 0.04
    assert np.quantile(np.abs(ours / means[14 * 24 : 21 * 24] - 1), 0.95) < 0.08
