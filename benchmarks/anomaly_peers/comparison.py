"""Ours beside two published detectors on labelled series: precision, recall and delay by event.

A detector's points beyond its threshold are one alarm as long as they are within ours's cool-down. A peer's threshold,
parameters and input are the best in hindsight on each series, by F1; ours has one threshold for all.
"""

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anomalies.incident import Role
from anomalies.judgement import Stretch
from anomalies.parameters import QUIET_WINDOWS
from anomalies.quantity import Quantity, Values
from benchmarks.anomaly_found import found
from benchmarks.anomaly_peers.labelled import Labelled, labelled
from benchmarks.report import Report
from config.errors import TerminalError
from config.settings import PROJECT_ROOT
from utilities.command.environment import make

ENVIRONMENT = PROJECT_ROOT / ".venv-anomalies"
PROGRAM = Path(__file__).parent / "scores.py"
NEAR = 3
"""Points before and behind an event within which an alarm is for it."""
THRESHOLDS = 200


@dataclass(frozen=True)
class Alarm:
    """Raised at point `at`, for the points from `first` to `last`."""

    first: int
    last: int
    at: int


@dataclass(frozen=True)
class Marks:
    """How good a detector's alarms were."""

    precision: float
    recall: float
    delay: float
    alarms: int

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def run(report: Report, environment: Path = ENVIRONMENT) -> None:
    """Install what is missing, let all judge every series, and report."""
    if environment == ENVIRONMENT and make(".venv-anomalies/.ready"):
        raise TerminalError(".venv-anomalies could not be made; see above")
    series = list(labelled(next(environment.glob("lib/python3*/site-packages"))))
    told = {each.name: {"values": each.values.tolist(), "season": each.season} for each in series}
    answer = subprocess.run(
        [environment / "bin" / "python", PROGRAM], input=json.dumps(told), capture_output=True, text=True, check=True
    )
    scores = json.loads(answer.stdout)
    rows = []
    for each in series:
        about = f"{each.name}: {len(each.values):,} points, season {each.season}, {len(each.events)} events"
        rows.append((about, "ours", *_figures(marks(ours(each), each))))
        for peer in ("SPOT", "RRCF"):
            marked = {
                name: best(np.array(told), each) for name, told in scores[each.name].items() if name.startswith(peer)
            }
            name = max(marked, key=lambda known: marked[known].f1)
            rows.append(("", name, *_figures(marked[name])))
    columns = ("series", "detector", "precision", "recall", "F1", "delay, points", "alarms")
    report.table("Labelled public series, by event; peers at their best threshold in hindsight", columns, rows)


def _figures(told: Marks) -> tuple[str, ...]:
    delay = "-" if np.isnan(told.delay) else f"{told.delay:.0f}"
    return f"{told.precision:.2f}", f"{told.recall:.2f}", f"{told.f1:.2f}", delay, str(told.alarms)


def ours(each: Labelled) -> list[Alarm]:
    """Incidents of the level and of the rate of change, as of a sensor; those that touch are one alarm."""
    told = (
        (incident, at)
        for quantity in (Quantity.MEASURE, Quantity.RATE)
        for incident, at in found(Stretch(each.first, each.values), quantity, Role.SENSOR, each.calendar, 0.0)
    )
    alarms = [Alarm(*(window - each.first for window in (incident.first, incident.last, at))) for incident, at in told]
    return list(_grouped(sorted(alarms, key=lambda alarm: alarm.first)))


def _grouped(alarms: Sequence[Alarm]) -> Iterator[Alarm]:
    going: Alarm | None = None
    for alarm in alarms:
        if going is not None and alarm.first - going.last <= QUIET_WINDOWS:
            going = Alarm(going.first, max(going.last, alarm.last), min(going.at, alarm.at))
        else:
            if going is not None:
                yield going
            going = alarm
    if going is not None:
        yield going


def _beyond(scores: Values, limit: float) -> list[Alarm]:
    places = map(int, np.flatnonzero(scores >= limit))
    return list(_grouped([Alarm(place, place, place) for place in places]))


def best(scores: Values, each: Labelled) -> Marks:
    """The marks at the threshold with the greatest F1."""
    candidates = np.unique(np.quantile(scores[each.begin :], np.linspace(0.9, 1, THRESHOLDS)))
    judged = [marks(_beyond(scores, float(limit)), each) for limit in candidates if limit > 0]
    return max(judged, key=lambda told: told.f1, default=Marks(0.0, 0.0, float("nan"), 0))


def marks(alarms: Sequence[Alarm], each: Labelled) -> Marks:
    """By event: which alarms are for one, which events have one, and how long after its begin it was raised."""
    alarms = [alarm for alarm in alarms if alarm.last >= each.begin]
    right, delays = set(), []
    for event in each.events:
        own = [a for a in alarms if a.first < event.stop + NEAR and a.last >= event.start - NEAR]
        right |= set(own)
        if own:
            delays.append(max(min(alarm.at for alarm in own) - event.start, 0))
    precision = len(right) / len(alarms) if alarms else 0.0
    delay = statistics.median(delays) if delays else float("nan")
    return Marks(precision, len(delays) / len(each.events), delay, len(alarms))
