"""Anomalies: what is found of what was sown, how soon, and how often there is a false alarm; then beside two peers."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from anomalies.calendar import Calendar
from anomalies.incident import Incident
from anomalies.judgement import Stretch
from anomalies.parameters import DAYS_TO_JUDGE, QUIET_WINDOWS
from anomalies.watched import MAIN, Series
from benchmarks.anomaly_found import found as found_in
from benchmarks.anomaly_peers import comparison
from benchmarks.anomaly_traffic import (
    ERRORS,
    GENERATED,
    OTHER,
    START_MS,
    WINDOW_MS,
    Shape,
    Weeks,
    weeks,
)
from benchmarks.figures import Target
from benchmarks.report import Report
from utilities.feed_generator import anomalies as sown
from utilities.feed_generator.anomalies import Anomaly

DAYS, RATE, EVERY_HOURS = 28, 20.0, 12
SOON_SECONDS = 180
DETECTED, FALSE_ALARMS = 0.95, 1.0
RUNS: tuple[tuple[str, Shape, int, float], ...] = (
    ("generator, seed 1 (parameters were chosen on it)", GENERATED, 1, RATE),
    ("held out: generator, seed 2", GENERATED, 2, RATE),
    ("held out: generator, seed 3", GENERATED, 3, RATE),
    ("held out: generator, seed 4, a quarter of the traffic", GENERATED, 4, RATE / 4),
    (f"held out: {OTHER.name}, seed 5", OTHER, 5, RATE),
)
CALENDAR = Calendar(WINDOW_MS // 1000)
FIRST = START_MS // WINDOW_MS


@dataclass
class Outcome:
    """Of one run: delays of what was found by kind, what was missed, and false alarms by series."""

    delays: dict[str, list[float]] = field(default_factory=dict)
    missed: dict[str, list[Anomaly]] = field(default_factory=dict)
    false_alarms: dict[Series, int] = field(default_factory=dict)
    weeks: float = 0.0
    windows_per_second: float = 0.0

    def share(self, kinds: Sequence[str], within: float) -> float:
        """Of what was sown of these kinds, what was found in time."""
        delays = [delay for kind in kinds for delay in self.delays.get(kind, ())]
        sown_of = len(delays) + sum(len(self.missed.get(kind, ())) for kind in kinds)
        return sum(delay <= within for delay in delays) / sown_of if sown_of else 1.0

    def per_metric_and_week(self) -> float:
        """False alarms."""
        return sum(self.false_alarms.values()) / len(self.false_alarms) / self.weeks


def run(report: Report) -> None:
    """Generated weeks first, then the public series."""
    report.note(f"\nanomalies: {DAYS} days by the minute, one anomaly of 30 minutes every {EVERY_HOURS} hours")
    rows, outcomes = [], []
    for name, shape, seed, rate in RUNS:
        outcome = judged(weeks(shape, seed, DAYS, rate, DAYS * 24 // EVERY_HOURS))
        outcomes.append(outcome)
        rows.append((name, *_row(outcome)))
    report.table(
        "Generated traffic: share found, and the delay of drops and spikes behind their begin",
        (
            *("run", "drops and spikes", "within 3 min", "median s", "silence", "errors", "sensors"),
            *("false alarms", "most of a metric", "windows/s"),
        ),
        rows,
    )
    held_out = outcomes[1:]
    for name, chosen in (("seed 1", outcomes[:1]), ("held out", held_out)):
        found = statistics.fmean(each.share((sown.DROP, sown.SPIKE), SOON_SECONDS) for each in chosen)
        alarms = statistics.fmean(each.per_metric_and_week() for each in chosen)
        report.target(Target(f"anomalies, {name}: drops and spikes within 3 minutes", found, DETECTED, at_most=False))
        target = f"anomalies, {name}: false alarms per metric and week"
        report.target(Target(target, alarms, FALSE_ALARMS, at_most=True, unit=""))
    comparison.run(report)


def _row(outcome: Outcome) -> tuple[str, ...]:
    both = (sown.DROP, sown.SPIKE)
    delays = [delay for kind in both for delay in outcome.delays.get(kind, ())]
    most = max(outcome.false_alarms.items(), key=lambda each: each[1])
    return (
        f"{outcome.share(both, float('inf')):.1%}",
        f"{outcome.share(both, SOON_SECONDS):.1%}",
        f"{statistics.median(delays):.0f}",
        *(f"{outcome.share([kind], float('inf')):.0%}" for kind in (sown.SILENCE, sown.ERRORS, sown.LEVEL)),
        f"{outcome.per_metric_and_week():.3f}",
        f"{most[1] / outcome.weeks:.2f}",
        f"{outcome.windows_per_second:,.0f}",
    )


def judged(traffic: Weeks) -> Outcome:
    """Judge every series as the process does, and compare with the truth of what came after the first week."""
    begin = FIRST + CALENDAR.windows(24 * DAYS_TO_JUDGE)
    outcome = Outcome(weeks=(DAYS - DAYS_TO_JUDGE) / 7)
    started, windows = time.perf_counter(), 0
    found: dict[Series, list[tuple[Incident, int]]] = {}
    for series, values in traffic.series.items():
        for quantity, role in series.roles:
            windows += len(values)
            told = found_in(Stretch(FIRST, values), quantity, role, CALENDAR, series.least_scale)
            found.setdefault(series, []).extend(told)
        known = [each for each in traffic.truth if each.feed == series.feed]
        alarms = [each for each, _ in found[series] if not any(_belongs(each, truth) for truth in known)]
        outcome.false_alarms[series] = len(alarms)
    outcome.windows_per_second = windows / (time.perf_counter() - started)
    for truth in traffic.truth:
        if truth.start_ms // WINDOW_MS >= begin:
            _compare(outcome, truth, found)
    return outcome


def _compare(outcome: Outcome, truth: Anomaly, found: dict[Series, list[tuple[Incident, int]]]) -> None:
    told = [
        (window + 1) * WINDOW_MS - truth.start_ms
        for series in _tells(truth, found)
        for incident, window in found[series]
        if _overlaps(incident, truth)
    ]
    told = [delay for delay in told if delay >= 0]
    if told:
        outcome.delays.setdefault(truth.kind, []).append(min(told) / 1000)
    else:
        outcome.missed.setdefault(truth.kind, []).append(truth)


def _tells(truth: Anomaly, found: dict[Series, list[tuple[Incident, int]]]) -> list[Series]:
    """The series that has to show it: the feed's main one, its errors, or the sensor's."""
    if truth.kind == sown.LEVEL:
        return [series for series in found if series.member == truth.device_id]
    if truth.kind == sown.ERRORS:
        return [ERRORS]
    return [series for series in found if series.feed == truth.feed and series.metric == MAIN[truth.feed]]


def _overlaps(incident: Incident, truth: Anomaly) -> bool:
    first, end = truth.start_ms // WINDOW_MS, -(-truth.end_ms // WINDOW_MS)
    return incident.first < end and incident.last >= first


def _belongs(incident: Incident, truth: Anomaly) -> bool:
    """Whether the alarm is no false one: what follows within the cool-down is an anomaly's end."""
    first, end = truth.start_ms // WINDOW_MS, -(-truth.end_ms // WINDOW_MS)
    return incident.first < end + QUIET_WINDOWS and incident.last >= first
