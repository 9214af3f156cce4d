"""Judges the windows of one series in their order; a pure function of what is stored, so a restart finds the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from anomalies.baseline import ALL_SUMS, Baseline
from anomalies.calendar import Calendar
from anomalies.evidence import Levels, at_level, distances
from anomalies.incident import Finding, Incident, Kind, Role
from anomalies.parameters import (
    GOING_ON,
    LEVEL_GAP,
    LEVEL_WINDOWS,
    MOST_SCORE,
    QUIET_WINDOWS,
    SUMS,
    THRESHOLD,
)
from anomalies.quantity import Flags, Quantity, Values


@dataclass(frozen=True)
class Stretch:
    """Windows from `first` on, dense, as `Quantity.taken` gives them: what is judged and `windows_before` of it."""

    first: int
    values: Values

    @property
    def end(self) -> int:
        """The window behind the last one."""
        return self.first + len(self.values)


@dataclass(frozen=True)
class Evidence:
    """Of each window of a stretch: what was due, and for each sum the score, negative below what was due."""

    due: Values
    scores: dict[int, Values]


def windows_before(calendar: Calendar) -> int:
    """How many windows before those that are judged have to be known: the longest incident, and the level before it."""
    return calendar.longest + LEVEL_GAP + 4 * LEVEL_WINDOWS


def outside(first: int, length: int, incidents: Iterable[Incident], calendar: Calendar) -> Flags:
    """Which windows none of the incidents keeps out."""
    flags = np.ones(length, dtype=np.bool_)
    for incident in incidents:
        out = incident.kept_out(calendar)
        flags[max(out.start - first, 0) : max(out.stop - first, 0)] = False
    return flags


def judge(
    baseline: Baseline, stretch: Stretch, begin: int, incidents: Sequence[Incident], role: Role = Role.OTHER
) -> list[Incident]:
    """The incidents after the windows from `begin` to the stretch's end; what has not changed is the same object.

    Of a feed's main series a drop to nothing is a silence. What begins behind the stretch, as a silence that the clock
    told may, stays as it is.
    """
    later = [each for each in incidents if each.first >= stretch.end]
    found, at = [each for each in incidents if each.first < stretch.end], begin
    while at < stretch.end:
        going = next((number for number, each in enumerate(found) if each.goes_on), None)
        if going is None:
            begun = _begun(baseline, stretch, at, found, role)
            if begun is None:
                break
            found.append(begun)
            at = begun.last + 1
        else:
            found[going], at = _gone_on(baseline, stretch, at, found[going], found)
            if role is Role.MAIN:
                found[going] = _silenced(found[going], stretch)
    return [*found, *later]


def _begun(baseline: Baseline, stretch: Stretch, at: int, incidents: Sequence[Incident], role: Role) -> Incident | None:
    """The first incident that begins at `at` or later."""
    flags = outside(stretch.first, len(stretch.values), incidents, baseline.calendar)
    evidence = _evidence(baseline, stretch, flags, None)
    sums = _sums(baseline.quantity, ALL_SUMS)
    scores = np.array([_comparable(evidence, number, incidents, stretch) for number in sums])
    scores[:, : at - stretch.first] = 0
    beyond = np.abs(scores).max(axis=0) >= THRESHOLD
    if not beyond.any():
        return None
    place = int(np.argmax(beyond))
    # The shortest sum that is beyond tells best when it began.
    which = int(np.argmax(np.abs(scores[:, place]) >= THRESHOLD))
    score = float(scores[which, place])
    first = _first_of(evidence, place, sums[which], score)
    kind = _kind(baseline.quantity, score, role, bool(stretch.values[first : place + 1].any()))
    worst = _finding(baseline, stretch, evidence, place, sums[which])
    return Incident(kind, stretch.first + first, stretch.first + place, worst)


def _sums(quantity: Quantity, sums: tuple[int, ...]) -> tuple[int, ...]:
    """Changes that are added up are a level again."""
    return sums[:1] if quantity is Quantity.RATE else sums


def _comparable(evidence: Evidence, number: int, incidents: Sequence[Incident], stretch: Stretch) -> Values:
    """Scores of a sum, but of those sums that reach into an incident, or end with a window to the other side."""
    scores = np.nan_to_num(evidence.scores[number])
    if number == 1:
        return scores
    own = np.nan_to_num(evidence.scores[1])
    scores = np.where(np.sign(own) == np.sign(scores), scores, 0.0)
    for incident in incidents:
        reach = slice(max(incident.first - stretch.first, 0), max(incident.last + number - stretch.first, 0))
        scores[reach] = 0.0
    return scores


def _first_of(evidence: Evidence, place: int, number: int, score: float) -> int:
    """The first window of the sum that is to the same side as the whole."""
    own = np.nan_to_num(evidence.scores[1][place - number + 1 : place + 1])
    return place - number + 1 + int(np.argmax(np.sign(own) == np.sign(score)))


def _kind(quantity: Quantity, score: float, role: Role, is_heard: bool) -> Kind:
    if quantity is Quantity.RATE:
        return Kind.RATE
    if role is Role.SENSOR:
        return Kind.LEVEL
    if score > 0:
        return Kind.SPIKE
    return Kind.DROP if is_heard or role is not Role.MAIN else Kind.SILENCE


def _gone_on(
    baseline: Baseline, stretch: Stretch, at: int, incident: Incident, incidents: Sequence[Incident]
) -> tuple[Incident, int]:
    """The incident after the windows from `at` until it ends, and the window after those; at its own frozen level."""
    calendar = baseline.calendar
    others = [each for each in incidents if each is not incident]
    flags = outside(stretch.first, len(stretch.values), others, calendar)
    flags[max(incident.first - stretch.first, 0) :] = False
    evidence = _evidence(baseline, stretch, flags, incident.first - stretch.first)
    adopted = incident.first + calendar.longest
    for place in range(at - stretch.first, len(stretch.values)):
        window = stretch.first + place
        if window - incident.last > QUIET_WINDOWS or window >= adopted:
            return replace(incident, goes_on=False), window
        score, number = _worst_score(evidence, place, baseline.quantity, incident.worst)
        if abs(score) >= (THRESHOLD if baseline.quantity is Quantity.RATE else GOING_ON):
            incident = replace(incident, last=max(incident.last, window))
            if abs(score) > abs(incident.worst.score):
                incident = replace(incident, worst=_finding(baseline, stretch, evidence, place, number))
    return incident, stretch.end


def _silenced(incident: Incident, stretch: Stretch) -> Incident:
    """A drop whose last windows were empty is a silence: a feed seldom stops at the full minute."""
    last = incident.last - stretch.first + 1
    is_silent = incident.kind is Kind.DROP and not stretch.values[max(last - max(SUMS), 0) : last].any()
    return replace(incident, kind=Kind.SILENCE) if is_silent and incident.windows >= max(SUMS) else incident


def _worst_score(evidence: Evidence, place: int, quantity: Quantity, worst: Finding) -> tuple[float, int]:
    """The greatest score of the sums that end with the window, to the incident's side (a rate has none), and its sum.

    The long sum tells only what no shorter one could: it is still beyond for a while after all is well.
    """
    sums = _sums(quantity, SUMS if worst.summed in SUMS else ALL_SUMS)
    scores = [(float(np.nan_to_num(evidence.scores[number][place])), number) for number in sums]
    if quantity is not Quantity.RATE:
        going_up, own = worst.score > 0, scores[0][0]
        scores = [(each, number) for each, number in scores if (each > 0) == going_up and (own > 0) == going_up]
    return max(scores, key=lambda each: abs(each[0]), default=(0.0, 1))


def _evidence(baseline: Baseline, stretch: Stretch, flags: Flags, frozen: int | None) -> Evidence:
    """`frozen` is the place whose level holds for itself and all later ones."""
    quantity = baseline.quantity
    windows = np.arange(stretch.first, stretch.end)
    usual = baseline.expected(windows)
    levels = Levels.of(stretch.values, usual, flags, quantity).values
    if frozen is not None:
        levels[max(frozen, 0) :] = levels[max(frozen, 0)]
    due = at_level(usual, levels, quantity)
    hours = baseline.calendar.hours(windows)
    scores = {}
    for number in ALL_SUMS:
        away = distances(stretch.values, due, number, quantity)
        scores[number] = np.clip(away / baseline.scales[number].of(hours, away > 0), -MOST_SCORE, MOST_SCORE)
    return Evidence(due, scores)


def _finding(baseline: Baseline, stretch: Stretch, evidence: Evidence, place: int, number: int) -> Finding:
    """The mean of the last `number` windows with the bounds beyond which it is called unusual."""
    quantity, window = baseline.quantity, stretch.first + place
    value, due = (float(each[place - number + 1 : place + 1].sum()) for each in (stretch.values, evidence.due))
    hours, scale = baseline.calendar.hours(np.array([window])), baseline.scales[number]
    below, above = (THRESHOLD * float(scale.of(hours, np.array([side]))[0]) for side in (False, True))
    if quantity.adds_up:
        middle = float(quantity.even(np.array([due]))[0])
        bounds = quantity.back(middle - below), quantity.back(middle + above)
    else:
        bounds = due - below * number**0.5, due + above * number**0.5
    score = float(evidence.scores[number][place])
    return Finding(window, value / number, due / number, bounds[0] / number, bounds[1] / number, score, number)
