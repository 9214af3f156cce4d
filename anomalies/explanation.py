"""An incident in one plain sentence with its numbers."""

from datetime import UTC, datetime

from anomalies.calendar import Calendar
from anomalies.incident import Incident, Kind
from anomalies.watched import Series


def explanation(series: Series, incident: Incident, calendar: Calendar) -> str:
    """What was seen, when, and what would have been usual."""
    worst = incident.worst
    begun, at = (_time(window * calendar.window_seconds) for window in (incident.first, worst.window))
    unit = _window(calendar.window_seconds)
    length = f"{incident.windows} {unit}{'s' if incident.windows > 1 else ''}"
    over = f" on average of the {worst.summed} {unit}s to" if worst.summed > 1 else " at"
    usual = f"usual is {_number(worst.expected)}, between {_number(worst.lower)} and {_number(worst.upper)}"
    if incident.kind is Kind.SILENCE:
        told = f"nothing came of {series.title} from {begun} on, for {length}"
        why = (
            "the feed is silent, or the stream stands"
            if incident.goes_on
            else "the feed was silent, or the stream stood"
        )
        return f"{told}, where {_number(worst.expected)} are usual in each: {why}."
    if incident.kind is Kind.RATE:
        return f"{series.title} changed by {_number(worst.value)} from the {unit} before {at}; {usual}."
    change = f" ({_change(worst.value, worst.expected)})" if incident.kind is not Kind.LEVEL else ""
    return f"{series.title} was {_number(worst.value)}{over} {at}{change}; {usual}; unusual for {length} since {begun}."


def _change(value: float, due: float) -> str:
    if due <= 0:
        return "of nothing"
    share = value / due - 1
    return (
        f"{abs(share):.0%} {'more' if share > 0 else 'less'} than expected"
        if abs(share) < 10
        else f"{value / due:,.0f} times"
    )


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _time(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%d %H:%M} UTC"


def _window(seconds: int) -> str:
    if seconds % 60:
        return f"{seconds}-second window"
    return {60: "minute", 3600: "hour"}.get(seconds, f"{seconds // 60}-minute window")
